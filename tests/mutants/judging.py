"""Whether the tests kill a mutant."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import CodeType, FunctionType

import pytest

from tests.mutants.mutants import Mutant
from tests.mutants.planting import Key, MutantFinder, forget_modules, plant
from tests.mutants.running import allow, run

ALIVE, KILLED = 0, 1


class Verdict(StrEnum):
    KILLED = "killed"
    TIMED_OUT = "killed by the time limit"
    EQUIVALENT = "equivalent"
    ALIVE = "alive"


@dataclass(eq=False)
class Failures:
    """Notices that a test failed."""

    any: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.any = self.any or report.failed


@dataclass(frozen=True)
class Trial:
    """A mutant, and the tests that can notice it, in the order in which they run."""

    mutant: Mutant
    tests: list[pytest.Item]
    seconds: dict[str, float]

    def swapped(
        self, changed: dict[Key, CodeType], live: dict[Key, list[FunctionType]]
    ) -> Callable[[], int]:
        """Plants the mutant in the functions that the collected tests use, and runs the tests. If
        it survives, also tries it as `imported`: the module computed some values when imported,
        and may have kept others."""

        def work() -> int:
            plant(changed, live)
            failures = Failures()
            self.tests[0].config.pluginmanager.register(failures)
            run(self.tests, before_each=self._allow, stop=lambda: failures.any)
            return KILLED if failures.any else self.imported()

        return work

    def imported(self) -> int:
        """Imports all code again, with the mutant, collects the tests and runs them."""
        forget_modules()
        sys.meta_path.insert(0, MutantFinder(self.mutant))
        allow(60)
        names = [item.nodeid for item in self.tests]
        files = dict.fromkeys(name.partition("::")[0] for name in names)
        code = pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", *files],
            plugins=[Selected(names, self._allow)],
        )
        return ALIVE if code == pytest.ExitCode.OK else KILLED

    def _allow(self, item: pytest.Item) -> None:
        allow(self.seconds[item.nodeid])


@dataclass(frozen=True, eq=False)
class Selected:
    """Runs the given tests in the given order."""

    tests: list[str]
    before_each: Callable[[pytest.Item], None]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = {item.nodeid: item for item in items}
        items[:] = [known[test] for test in self.tests if test in known]

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.before_each(item)

"""A run of pytest that collects the tests once, and then judges mutants with them."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from tests.mutants import covering, planting, reach
from tests.mutants.covering import Covered
from tests.mutants.judging import ALIVE, KILLED, Trial, Verdict
from tests.mutants.measuring import measure
from tests.mutants.mutants import ROOT, Mutant
from tests.mutants.running import Start, ended


class DriverError(Exception):
    """The driver cannot judge."""


@dataclass(eq=False)
class Session:
    mutants: list[Mutant]
    workers: int
    judged: Callable[[Mutant, Verdict], None]
    """Called with each mutant as soon as it is judged."""
    covered: Covered = field(default_factory=Covered)
    items: dict[str, pytest.Item] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self._measure(session.items)
        self._check()
        known = dict(enumerate(self.mutants))
        for number, code in ended(self._trials(known), self.workers):
            self.judged(known[number], _verdict(known[number], code))
        return True

    def _measure(self, items: list[pytest.Item]) -> None:
        places = {file: covering.place(file) for file in {item.path for item in items}}
        missing = sorted(file for file, place in places.items() if not place.exists())
        parts = [
            [item for item in items if item.path in missing[number :: self.workers]]
            for number in range(self.workers)
        ]
        starts: list[Start] = [
            (number, functools.partial(measure, part, places))
            for number, part in enumerate(parts)
            if part
        ]
        for _, code in ended(starts, self.workers):
            if code:
                raise DriverError(f"The measurement of the coverage ended with {code}.")
        self.covered.read(places.values())

    def _check(self) -> None:
        """Tries the original as if it were a mutant. Unless it lives, no verdict is of use."""
        first = self.mutants[0]
        original = replace(first, source=(ROOT / first.path).read_text())
        tests = reach.tests_of(original, self.covered, at_import=True)
        trial = self._trial(original, tests[:20])
        for _, code in ended([(0, trial.imported)], 1):
            if code != ALIVE:
                raise DriverError(f"The original of {first.path} ended with {code}.")

    def _trials(self, known: dict[int, Mutant]) -> Iterator[Start]:
        live = planting.functions()
        for number, mutant in known.items():
            changed = planting.changed_functions(mutant)
            tests = reach.tests_of(mutant, self.covered, at_import=changed is None)
            trial = self._trial(mutant, tests)
            if changed == {}:
                self.judged(mutant, Verdict.EQUIVALENT)
            elif not tests:
                self.judged(mutant, Verdict.ALIVE)
            elif changed is None:
                yield number, trial.imported
            else:
                yield number, trial.swapped(changed, live[str(ROOT / mutant.path)])

    def _trial(self, mutant: Mutant, tests: list[str]) -> Trial:
        return Trial(mutant, [self.items[test] for test in tests], self.covered.seconds)


def _verdict(mutant: Mutant, code: int) -> Verdict:
    if code in (ALIVE, KILLED):
        return Verdict.KILLED if code == KILLED else Verdict.ALIVE
    if code < 0:
        return Verdict.TIMED_OUT
    raise DriverError(f"The trial of a mutant ended with {code}: {mutant}")

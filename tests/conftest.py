"""Which tests one process of a parallel run has to run together, and which cases of a test run."""

import gc
import os
from collections.abc import Generator, Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

SHARED = {"class", "module", "package", "session"}
GROUP = "xdist_group"

WAITING = ("tests/browser/", "tests/e2e/", "tests/integration/")
"""Folders whose tests wait most of their time for other processes and for timers."""

QUICK = ("tests/unit/", "tests/contract/")
"""Folders whose tests take less time than pytest-xdist takes to hand them out one by one."""

CORES = os.cpu_count() or 1

GARBAGE = 20_000, 20, 50
"""Thresholds of the garbage collector. With Python's own a ninth of the CPU time of the tests goes
into searches that find little."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--first-case",
        action="store_true",
        help="of a test with several cases run the first: every test runs, but not with all values",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Searches for no garbage while all modules are imported: nearly all of it lives to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of a file that share a fixture together, so that it is set up once, unless
    the conftest of their folder has given them a group."""
    if config.getoption("first_case"):
        _keep_first_cases(config, items)
    for item in items:
        if item.get_closest_marker(GROUP) is None and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    if hasattr(config, "workerinput"):
        items[:] = _waiting_first(items)


class WaitingBesideComputing(LoadGroupScheduling):  # type: ignore[misc]  # it has no types
    """Hands out the quick tests file by file, and all others one by one, or group by group. As many
    processes as the machine has cores begin at the end of the list, where the tests compute. The
    others begin at the front, where they wait. So the cores are busy from the beginning, and few
    processes compete for them."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("::")[0] if scope.startswith(QUICK) else scope

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node in self.nodes[1:][-CORES:]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling:
    return WaitingBesideComputing(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Takes modules and collected tests, which live to the end, out of the search for garbage: it
    would visit all of them each time. The little garbage among them stays."""
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fails a test in CI if pytest-xdist ignores its group: each process would set up every shared
    fixture. Version 3.8.0 does so with pytest 9.2.0, and says nothing."""
    in_groups = item.config.getoption("loadgroup", default=False)
    if in_groups and os.environ.get("CI") == "true" and item.get_closest_marker(GROUP) is not None:
        assert "@" in item.nodeid, "pytest-xdist ignores groups: install requirements-dev.txt"


def _keep_first_cases(config: pytest.Config, items: list[pytest.Item]) -> None:
    first: dict[str, pytest.Item] = {}
    for item in items:
        first.setdefault(item.nodeid.partition("[")[0], item)
    kept = list(first.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def _waiting_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Returns the tests that wait before those that compute. Each process still runs the tests of a
    group together."""
    return sorted(items, key=lambda item: not item.nodeid.startswith(WAITING))


def _shares_a_fixture(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    known = item._fixtureinfo.name2fixturedefs.values()  # pytest has no public way to ask
    return any(one.scope in SHARED and one.baseid for found in known for one in found)

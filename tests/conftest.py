"""Which tests one process of a parallel run has to run together."""

import gc
import os
from collections.abc import Generator

import pytest

SHARED = {"class", "module", "package", "session"}
GROUP = "xdist_group"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Searches for no garbage while all modules are imported: nearly all of it lives to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a file that share a fixture together, so that it is set up once, unless
    the conftest of their folder has given them a group. All other tests go to whichever process is
    free."""
    for item in items:
        if item.get_closest_marker(GROUP) is None and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Takes modules and collected tests, which live to the end, out of the search for garbage: it
    would visit all of them each time."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fails a test in CI if pytest-xdist ignores its group: each process would set up every shared
    fixture. Version 3.8.0 does so with pytest 9.2.0, and says nothing."""
    in_groups = item.config.getoption("loadgroup", default=False)
    if in_groups and os.environ.get("CI") == "true" and item.get_closest_marker(GROUP) is not None:
        assert "@" in item.nodeid, "pytest-xdist ignores groups: install requirements-dev.txt"


def _shares_a_fixture(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    known = item._fixtureinfo.name2fixturedefs.values()  # pytest has no public way to ask
    return any(one.scope in SHARED and one.baseid for found in known for one in found)

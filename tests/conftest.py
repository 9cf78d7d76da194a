"""Which tests one process of a parallel run has to run together."""

import gc

import pytest

SHARED = {"class", "module", "package", "session"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of a file that share a fixture together, so that it is set up once. All other
    tests go to whichever process is free."""
    for item in items:
        if _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Takes modules and collected tests out of the search for garbage: they live to the end, and
    each search would visit all of them."""
    gc.collect()
    gc.freeze()


def _shares_a_fixture(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    known = item._fixtureinfo.name2fixturedefs.values()  # pytest has no public way to ask
    return any(one.scope in SHARED and one.baseid for found in known for one in found)

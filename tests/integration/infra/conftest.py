"""What Microsoft's compiler makes of the templates. Without a compiler there is nothing to test:
tests/unit/infra has what can be checked without one."""

from pathlib import Path

import pytest

from tests.support import compiler

HERE = Path(__file__).parent

collect_ignore_glob = [] if compiler.found() else ["test_*.py"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has one process of a parallel run run these tests: each process evaluates the templates for
    itself, which takes seconds of processor time."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.xdist_group(HERE.name))

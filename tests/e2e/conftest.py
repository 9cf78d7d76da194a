"""Each test gets a tenant of its own. Its hosts start warm; tests/integration/functions starts the
host and Hasten cold, as commands do."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.launching import warm
from tests.support.tenant import Tenant, emulated


@pytest.fixture(autouse=True)
def _garbage_is_collected_here() -> Iterator[None]:
    """So that a connection that a killed host left open is no warning in a later test."""
    yield
    gc.collect()


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    async with emulated(tmp_path, launch=warm) as tenant:
        yield tenant

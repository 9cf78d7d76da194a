"""The stores that keep the contract: each test runs on all of them."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hasten.adapters.store.url import open_store
from hasten.ports.store import Store
from tests.fakes.memory_store import MemoryStore
from tests.support import azurite, npm

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

Connect = Callable[[], Store]

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has one process of a parallel run run the tests that use Azurite, so that it starts once."""
    for item in items:
        if item.path.parent == HERE and _uses_azurite(item):
            item.add_marker(pytest.mark.xdist_group("azurite"))


def _uses_azurite(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    chosen = getattr(item, "callspec", None)
    store = chosen.params.get("connect") if chosen else None
    return store == "tables" or "azurite_port" in item.fixturenames


def nobody() -> "AsyncTokenCredential":
    """Neither a file nor a connection string is entered with a credential."""
    raise AssertionError("nobody asks for a credential")


@pytest.fixture(scope="session")
def azurite_port() -> Iterator[int]:
    npm.needed_for("Azurite")
    with azurite.running_tables() as port:
        yield port


@pytest.fixture(params=["memory", "sqlite", "tables"])
async def connect(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Connect]:
    """Opens one more connection to the same data; all are closed afterwards."""
    opened: list[Store] = []
    memory = MemoryStore()
    url = ""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.db"
    elif request.param == "tables":
        url = azurite.connection_string(request.getfixturevalue("azurite_port"))

    def one_more() -> Store:
        opened.append(open_store(url, credential=nobody) if url else memory)
        return opened[-1]

    yield one_more

    for store in opened:
        await store.close()


@pytest.fixture
def store(connect: Connect) -> Store:
    return connect()


@pytest.fixture
def collection() -> str:
    """Azurite lives for the whole session: each test has a collection of its own."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex)

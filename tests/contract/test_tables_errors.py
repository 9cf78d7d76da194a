"""What Azure Tables answers in bad times becomes one of the two exceptions that decide retry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from hasten.adapters.store.url import open_store
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.store import Put, Store
from tests.contract.conftest import nobody
from tests.support import azurite

OTHER_KEY = "b3RoZXI="


@asynccontextmanager
async def entered(port: int, key: str = azurite.KEY) -> AsyncIterator[Store]:
    store = open_store(azurite.connection_string(port, key), credential=nobody)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def service_that_answers(head: str) -> AsyncIterator[tuple[int, list[str]]]:
    """Its port and the methods it was asked with."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(request.split()[0])
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Server Busy"])
async def test_throttling_is_temporary_for_as_long_as_azure_says(status: str) -> None:
    async with (
        service_that_answers(f"{status}\r\nRetry-After: 7") as (port, _),
        entered(port) as store,
        asyncio.timeout(3),
    ):
        with pytest.raises(TemporaryError) as raised:
            await store.get("ledger", "partition", "key")

    assert raised.value.delay == timedelta(seconds=7)


async def test_a_commit_whose_fate_is_unknown_is_not_sent_again() -> None:
    async with (
        service_that_answers("500 Internal Server Error") as (port, asked),
        entered(port) as store,
    ):
        with pytest.raises(TemporaryError):
            await store.commit("ledger", "partition", [Put("key", {})])

    assert asked == ["POST"]


async def test_no_connection_is_temporary() -> None:
    async with service_that_answers("200 OK") as (port, _):
        pass  # nobody listens there any more

    async with entered(port) as store:
        with pytest.raises(TemporaryError):
            await store.get("ledger", "partition", "key")


# The SDK reads the XML of this answer in a way that Python 3.12 and later advise against.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
async def test_a_wrong_key_is_permanent_and_names_the_role(azurite_port: int) -> None:
    async with entered(azurite_port, OTHER_KEY) as store:
        with pytest.raises(PermanentError) as raised:
            await store.get("ledger", "partition", "key")

    assert "Storage Table Data Contributor" in raised.value.next_action

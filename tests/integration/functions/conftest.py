"""One bus and one host for the tests of a module: to start them takes two seconds."""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from azure.servicebus.aio import ServiceBusClient

from emulator.servicebus import ServiceBusServer
from emulator.servicebus.entities import parse_entities
from tests.integration.functions.bus import Bus
from tests.integration.functions.hosting import APPS, Host

LOCK = "PT3S"

ENTITIES = {
    "queues": [
        {"name": "plain", "lockDuration": LOCK, "maxDeliveryCount": 3},
        {"name": "sessions", "lockDuration": LOCK, "maxDeliveryCount": 3, "requiresSession": True},
        {"name": "ten", "lockDuration": LOCK},
    ],
    "topics": [{"name": "news", "subscriptions": [{"name": "reader"}]}],
}


@pytest.fixture(scope="module", autouse=True)
def forgotten_sockets_are_found_here() -> Iterator[None]:
    yield
    gc.collect()


@asynccontextmanager
async def running_bus(folder: Path) -> AsyncIterator[Bus]:
    server = ServiceBusServer(parse_entities(ENTITIES))
    await server.start()
    async with (
        ServiceBusClient.from_connection_string(
            server.connection_string, retry_backoff_factor=0.1
        ) as client,
        Bus(server, client, folder) as bus,
    ):
        yield bus
    await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with running_bus(tmp_path_factory.mktemp("bus")) as bus:
        yield bus


@pytest_asyncio.fixture(loop_scope="module")
async def fresh_bus(tmp_path: Path) -> AsyncIterator[Bus]:
    """Of one test, which may leave what it likes in the queues."""
    async with running_bus(tmp_path) as bus:
        yield bus


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(bus: Bus, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    log = tmp_path_factory.mktemp("host") / "log"
    async with Host(APPS / "bus", log, bus.settings) as host:
        await host.runs()
        yield host

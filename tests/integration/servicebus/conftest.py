"""A server with one queue of each kind, and a client of the unmodified SDK.

A module shares them: to open a link takes the SDK half a second, and to close one as long.
"""

from collections.abc import AsyncIterator

import pytest_asyncio
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

from emulator.servicebus import ServiceBusServer
from emulator.servicebus.entities import parse_entities

ENTITIES = {
    "queues": [
        {"name": "plain", "maxDeliveryCount": 2},
        {"name": "Once", "requiresDuplicateDetection": True},
        {"name": "sessions", "requiresSession": True},
        {"name": "brief", "requiresSession": True, "lockDuration": "PT1.5S"},
    ],
    "topics": [{"name": "news", "subscriptions": [{"name": "a"}, {"name": "b"}]}],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[ServiceBusServer]:
    server = ServiceBusServer(parse_entities(ENTITIES))
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(server: ServiceBusServer) -> AsyncIterator[ServiceBusClient]:
    connection_string = server.connection_string
    async with ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain(client: ServiceBusClient) -> AsyncIterator[ServiceBusSender]:
    async with client.get_queue_sender("plain") as sender:
        yield sender


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sessions(client: ServiceBusClient) -> AsyncIterator[ServiceBusSender]:
    async with client.get_queue_sender("sessions") as sender:
        yield sender

"""A server with one queue of each kind, and a client of the unmodified SDK."""

from collections.abc import AsyncIterator

import pytest
from azure.servicebus.aio import ServiceBusClient

from emulator.servicebus import ServiceBusServer
from emulator.servicebus.entities import parse_entities

ENTITIES = {
    "queues": [
        {"name": "plain", "maxDeliveryCount": 2},
        {"name": "Once", "requiresDuplicateDetection": True},
        {"name": "sessions", "requiresSession": True, "lockDuration": "PT2S"},
    ],
    "topics": [{"name": "news", "subscriptions": [{"name": "a"}, {"name": "b"}]}],
}


@pytest.fixture
async def server() -> AsyncIterator[ServiceBusServer]:
    server = ServiceBusServer(parse_entities(ENTITIES))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: ServiceBusServer) -> AsyncIterator[ServiceBusClient]:
    async with ServiceBusClient.from_connection_string(server.connection_string) as client:
        yield client

"""The receiver of a timer on real AMQP: it takes what no function takes, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.servicebus.aio import ServiceBusClient

from emulator.servicebus import ServiceBusServer, load_entities
from hasten.adapters.receiver import AzureReceiver
from hasten.adapters.servicebus import AzureServiceBus
from hasten.ports.bus import DIRECTORY_CHANGES, ONBOARDING_EVENTS, Message, Received

ENTITIES = Path(__file__).parents[3] / "infra" / "entities.json"


@pytest.fixture
async def server() -> AsyncIterator[ServiceBusServer]:
    server = ServiceBusServer(load_entities(ENTITIES))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: ServiceBusServer) -> AsyncIterator[ServiceBusClient]:
    async with ServiceBusClient.from_connection_string(server.connection_string) as made:
        yield made


def message(number: int, at: datetime | None = None) -> Message:
    return Message(
        raw=b'{"n":%d}' % number,
        message_id=f"{number}",
        content_type="application/cloudevents+json",
        properties={"by": "a test"},
        at=at,
    )


async def test_an_empty_queue_and_scheduled_messages_wait_for_nobody(
    client: ServiceBusClient,
) -> None:
    bus, receiver = AzureServiceBus(client), AzureReceiver(client)
    assert await receiver.waiting_since(ONBOARDING_EVENTS) is None

    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await bus.send(ONBOARDING_EVENTS, [message(n, at=tomorrow) for n in range(150)])
    assert await receiver.waiting_since(ONBOARDING_EVENTS) is None

    await bus.send(ONBOARDING_EVENTS, [message(1000)])
    since = await receiver.waiting_since(ONBOARDING_EVENTS)
    assert since is not None
    assert abs(datetime.now(UTC) - since) < timedelta(seconds=20)

    assert await receiver.receive(ONBOARDING_EVENTS, 20, nothing) == 1
    assert await receiver.waiting_since(ONBOARDING_EVENTS) is None


async def nothing(_: Received, _since: datetime) -> None: ...


async def test_messages_arrive_whole_side_by_side_and_are_completed(
    client: ServiceBusClient, server: ServiceBusServer
) -> None:
    bus, receiver = AzureServiceBus(client), AzureReceiver(client)
    await bus.send(DIRECTORY_CHANGES, [message(n) for n in range(3)])
    together, arrived = asyncio.Barrier(3), list[Received]()

    async def handle(received: Received, since: datetime) -> None:
        assert abs(datetime.now(UTC) - since) < timedelta(seconds=20)
        await together.wait()
        arrived.append(received)

    taken = 0
    async with asyncio.timeout(20):
        while taken < 3:
            taken += await receiver.receive(DIRECTORY_CHANGES, 20, handle)

    assert sorted(one.body for one in arrived) == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert {one.queue for one in arrived} == {DIRECTORY_CHANGES}
    assert {one.content_type for one in arrived} == {"application/cloudevents+json"}
    assert sorted(one.message_id for one in arrived) == ["0", "1", "2"]
    assert server.stats()[DIRECTORY_CHANGES]["active"] == 0
    assert server.stats()[DIRECTORY_CHANGES]["locked"] == 0


async def test_a_message_that_cannot_be_handled_is_given_back_and_the_others_are_done(
    client: ServiceBusClient, server: ServiceBusServer
) -> None:
    bus, receiver = AzureServiceBus(client), AzureReceiver(client)
    await bus.send(DIRECTORY_CHANGES, [message(n) for n in range(10, 13)])

    async def handle(received: Received, _since: datetime) -> None:
        if received.message_id == "11":
            raise KeyError("a defect")

    raised = False
    while not raised:
        try:
            await receiver.receive(DIRECTORY_CHANGES, 20, handle)
        except KeyError:
            raised = True

    while await receiver.receive(DIRECTORY_CHANGES, 20, nothing):
        continue
    assert server.stats()[DIRECTORY_CHANGES]["active"] == 0
    assert server.stats()[DIRECTORY_CHANGES]["dead_lettered"] == 0


async def test_a_message_for_which_a_function_runs_is_not_taken(client: ServiceBusClient) -> None:
    bus, receiver = AzureServiceBus(client), AzureReceiver(client)
    await bus.send(DIRECTORY_CHANGES, [message(20)])
    async with client.get_queue_receiver(DIRECTORY_CHANGES) as function:
        [running] = await function.receive_messages(1, max_wait_time=5)

        assert await receiver.waiting_since(DIRECTORY_CHANGES) is not None
        assert await receiver.receive(DIRECTORY_CHANGES, 20, nothing) == 0

        await function.complete_message(running)

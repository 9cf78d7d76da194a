"""The Service Bus adapter, through the SDK and real AMQP."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.identity.aio import ManagedIdentityCredential
from azure.servicebus.aio import ServiceBusClient

from emulator.servicebus import Entities, ServiceBusServer, load_entities
from hasten.adapters.servicebus import AzureServiceBus, service_bus
from hasten.errors import PermanentError, TemporaryError, WrongInputError
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ONBOARDING_REJECTED,
    PROVISIONING_OUTCOMES,
    Message,
)

pytestmark = pytest.mark.filterwarnings(
    # The SDK drops a connection that broke without closing its socket.
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

ENTITIES = Path(__file__).parents[3] / "infra" / "entities.json"


@pytest.fixture(autouse=True)
def _garbage_is_collected_here() -> Iterator[None]:
    """Within the reach of the filter above, and not in a later test."""
    yield
    gc.collect()


@pytest.fixture
async def server() -> AsyncIterator[ServiceBusServer]:
    server = ServiceBusServer(load_entities(ENTITIES))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def bus(server: ServiceBusServer) -> AsyncIterator[AzureServiceBus]:
    bus = AzureServiceBus(
        service_bus(
            connection_string=server.connection_string,
            namespace=None,
            credential=ManagedIdentityCredential,
        )
    )
    yield bus
    await bus.close()


def message(number: int = 0, **fields: str) -> Message:
    return Message(body={"number": number, **fields}, message_id=f"m-{number}")


async def received(server: ServiceBusServer, queue: str, count: int) -> list[dict[str, object]]:
    async with (
        ServiceBusClient.from_connection_string(server.connection_string) as client,
        client.get_queue_receiver(queue) as receiver,
    ):
        found: list[dict[str, object]] = []
        while len(found) < count:
            for got in await receiver.receive_messages(count - len(found), max_wait_time=5):
                found.append(json.loads(str(got)))
                await receiver.complete_message(got)
        return found


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def test_a_sent_message_is_received_as_json(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await bus.send(DIRECTORY_CHANGES, [message(1, text="ü")])

    assert await received(server, DIRECTORY_CHANGES, 1) == [{"number": 1, "text": "ü"}]


async def test_the_same_message_id_twice_is_one_message(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await bus.send(DIRECTORY_CHANGES, [message(1)])
    await bus.send(DIRECTORY_CHANGES, [message(1), message(2)])

    assert server.stats()[DIRECTORY_CHANGES]["active"] == 2


async def test_more_messages_than_one_transfer_takes_all_arrive(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await bus.send(DIRECTORY_CHANGES, [message(n, text="x" * 2000) for n in range(300)])

    assert server.stats()[DIRECTORY_CHANGES]["active"] == 300


async def test_a_message_for_later_is_scheduled_within_the_same_send(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)

    await bus.send(DIRECTORY_CHANGES, [message(1), Message(body={}, message_id="later", at=later)])

    stats = server.stats()[DIRECTORY_CHANGES]
    assert (stats["active"], stats["scheduled"]) == (1, 1)


async def test_a_raw_body_is_sent_unchanged_with_its_properties(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    unreadable = Message(
        raw=b"\xff{not json",
        message_id="m",
        content_type="text/plain",
        subject="rejected",
        properties={"reason": "malformed", "cloudEvents:type": "hasten.user.onboard.v1"},
    )

    await bus.send(ONBOARDING_REJECTED, [unreadable])

    async with (
        ServiceBusClient.from_connection_string(server.connection_string) as client,
        client.get_queue_receiver(ONBOARDING_REJECTED) as receiver,
    ):
        [got] = await receiver.receive_messages(max_wait_time=5)
        properties = {
            _text(name): _text(value) for name, value in (got.application_properties or {}).items()
        }
        assert b"".join(got.body) == b"\xff{not json"
        assert (got.content_type, got.subject) == ("text/plain", "rejected")
        assert properties == unreadable.properties


async def test_an_outcome_goes_to_the_topic_and_reaches_who_subscribed(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await bus.send(PROVISIONING_OUTCOMES, [message(1)])
    await bus.send(PROVISIONING_OUTCOMES, [message(2)])

    async with (
        ServiceBusClient.from_connection_string(server.connection_string) as client,
        client.get_subscription_receiver(PROVISIONING_OUTCOMES, "all") as receiver,
    ):
        found: list[dict[str, object]] = []
        while len(found) < 2:
            for got in await receiver.receive_messages(2, max_wait_time=5):
                found.append(json.loads(str(got)))
                await receiver.complete_message(got)
        assert found == [{"number": 1}, {"number": 2}]


async def test_sends_at_the_same_time_do_not_disturb_each_other(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await asyncio.gather(*(bus.send(DIRECTORY_CHANGES, [message(n)]) for n in range(50)))

    assert server.stats()[DIRECTORY_CHANGES]["active"] == 50


async def test_one_message_id_in_sends_at_the_same_time_is_one_message(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await asyncio.gather(*(bus.send(DIRECTORY_CHANGES, [message(1)]) for _ in range(20)))

    assert server.stats()[DIRECTORY_CHANGES]["active"] == 1


async def test_a_message_too_large_fails_no_send_beside_it(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    large = message(0, text="x" * 2_000_000)
    sends = [bus.send(DIRECTORY_CHANGES, [m]) for m in (message(1), large, message(2))]

    results = await asyncio.gather(*sends, return_exceptions=True)

    assert [type(result) for result in results] == [type(None), WrongInputError, type(None)]
    assert server.stats()[DIRECTORY_CHANGES]["active"] == 2


async def test_an_outage_is_a_temporary_error_and_the_next_send_after_it_works(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await bus.send(DIRECTORY_CHANGES, [message(1)])
    await server.stop()

    with pytest.raises(TemporaryError, match="Service Bus"):
        await bus.send(DIRECTORY_CHANGES, [message(2)])
    await server.start()
    await bus.send(DIRECTORY_CHANGES, [message(2)])

    assert server.stats()[DIRECTORY_CHANGES]["active"] == 2


async def test_a_connection_cut_while_idle_is_hidden(
    server: ServiceBusServer, bus: AzureServiceBus
) -> None:
    await bus.send(DIRECTORY_CHANGES, [message(1)])
    await server.drop_connections()

    await bus.send(DIRECTORY_CHANGES, [message(2)])

    assert server.stats()[DIRECTORY_CHANGES]["active"] == 2


async def test_a_queue_that_does_not_exist_is_a_permanent_error_that_names_it(
    bus: AzureServiceBus,
) -> None:
    with pytest.raises(PermanentError, match="no queue nowhere"):
        await bus.send("nowhere", [message(1)])


async def test_a_topic_that_does_not_exist_is_a_permanent_error_that_names_it() -> None:
    server = ServiceBusServer(Entities())
    await server.start()
    bus = AzureServiceBus(
        service_bus(
            connection_string=server.connection_string,
            namespace=None,
            credential=ManagedIdentityCredential,
        )
    )

    with pytest.raises(PermanentError, match=f"no topic {PROVISIONING_OUTCOMES}"):
        await bus.send(PROVISIONING_OUTCOMES, [message(1)])

    await bus.close()
    await server.stop()

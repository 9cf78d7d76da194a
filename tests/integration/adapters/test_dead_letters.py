"""The ParkedMessages adapter, through the SDK and real AMQP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from emulator.servicebus import ServiceBusServer, load_entities
from hasten.adapters.dead_letters import AzureParkedMessages
from hasten.errors import PermanentError
from hasten.ports.bus import ONBOARDING_REJECTED, PROVISIONING
from hasten.ports.dead_letters import Parked

ENTITIES = Path(__file__).parents[3] / "infra" / "entities.json"


@pytest.fixture
async def client() -> AsyncIterator[ServiceBusClient]:
    """A bus for each test: what one leaves in a queue, another would find there."""
    server = ServiceBusServer(load_entities(ENTITIES))
    await server.start()
    async with ServiceBusClient.from_connection_string(server.connection_string) as client:
        yield client
    await server.stop()


async def park(client: ServiceBusClient, *bodies: str) -> None:
    async with client.get_queue_sender(ONBOARDING_REJECTED) as sender:
        for body in bodies:
            await sender.send_messages(
                ServiceBusMessage(
                    body, message_id=f"m-{body}", application_properties={"reason": "bad"}
                )
            )


async def test_parked_messages_are_shown_and_stay(client: ServiceBusClient) -> None:
    parked_messages = AzureParkedMessages(client)
    await park(client, "one", "two")

    first = await parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False)
    second = await parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False)

    assert [(p.message_id, p.body) for p in first] == [("m-one", b"one"), ("m-two", b"two")]
    assert first[0].properties == {"reason": "bad"}
    assert second == first


async def test_only_the_chosen_are_taken_and_the_others_can_be_taken_next(
    client: ServiceBusClient,
) -> None:
    parked_messages, handed = AzureParkedMessages(client), list[str]()
    await park(client, "one", "two", "three")
    lying = await parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False)

    async def to(parked: Parked) -> None:
        handed.append(parked.message_id)

    last = await parked_messages.drain(
        ONBOARDING_REJECTED, [lying[-1].number], to, dead_letters=False
    )
    rest = [parked.number for parked in lying[:-1]]
    others = await parked_messages.drain(ONBOARDING_REJECTED, rest, to, dead_letters=False)

    assert (last, others) == (1, len(rest))
    assert handed == ["m-three", *(parked.message_id for parked in lying[:-1])]
    assert await parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False) == []


async def test_a_message_that_could_not_be_re_sent_is_not_lost(client: ServiceBusClient) -> None:
    parked_messages = AzureParkedMessages(client)
    await park(client, "four")
    [lying] = await parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False)

    async def to(_: Parked) -> None:
        raise PermanentError("no", "send it elsewhere")

    with pytest.raises(PermanentError, match="elsewhere"):
        await parked_messages.drain(ONBOARDING_REJECTED, [lying.number], to, dead_letters=False)

    assert await parked_messages.parked(ONBOARDING_REJECTED, dead_letters=False) == [lying]


async def test_dead_letters_are_read_with_their_reason(client: ServiceBusClient) -> None:
    async with client.get_queue_sender(PROVISIONING) as sender:
        await sender.send_messages(ServiceBusMessage("{}", message_id="w"))
    async with client.get_queue_receiver(PROVISIONING) as receiver:
        [message] = await receiver.receive_messages(1, max_wait_time=5)
        await receiver.dead_letter_message(message, reason="MaxDeliveryCountExceeded")

    [dead] = await AzureParkedMessages(client).parked(PROVISIONING, dead_letters=True)

    assert dead.message_id == "w"
    assert (dead.reason, dead.properties) == ("MaxDeliveryCountExceeded", {})


async def test_a_queue_that_is_not_there_is_named(client: ServiceBusClient) -> None:
    with pytest.raises(PermanentError, match="no queue nowhere"):
        await AzureParkedMessages(client).parked("nowhere", dead_letters=False)

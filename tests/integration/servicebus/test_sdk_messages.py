"""The real SDK on queues without sessions and on topics."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusMessageState,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
)

from emulator.servicebus import ServiceBusServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver(client: ServiceBusClient) -> AsyncIterator[ServiceBusReceiver]:
    async with client.get_queue_receiver("PLAIN") as receiver:
        yield receiver


def texts(messages: list[ServiceBusReceivedMessage]) -> list[str]:
    return [str(message) for message in messages]


async def test_messages_and_batches_arrive_as_they_were_sent(
    plain: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    await plain.send_messages(
        ServiceBusMessage(
            b"\x00\xff" * 100_000,
            message_id="m",
            subject="s",
            application_properties={"text": "t", "number": 5},
        )
    )
    await plain.send_messages([ServiceBusMessage("one"), ServiceBusMessage("two")])

    first, *rest = await receiver.receive_messages(max_message_count=3, max_wait_time=WAIT)
    for message in (first, *rest):
        await receiver.complete_message(message)

    assert b"".join(first.body) == b"\x00\xff" * 100_000
    assert (first.message_id, first.subject, first.delivery_count) == ("m", "s", 0)
    assert first.application_properties == {b"text": b"t", b"number": 5}
    assert texts(rest) == ["one", "two"]
    assert await receiver.peek_messages(sequence_number=1) == []


async def test_every_way_to_settle_does_what_its_name_says(
    client: ServiceBusClient, plain: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    await plain.send_messages([ServiceBusMessage(str(n)) for n in range(4)])
    messages = await receiver.receive_messages(max_message_count=4, max_wait_time=WAIT)

    await receiver.complete_message(messages[0])
    await receiver.abandon_message(messages[1])
    await receiver.defer_message(messages[2])
    await receiver.dead_letter_message(messages[3], reason="bad", error_description="very")

    (again,) = await receiver.receive_messages(max_wait_time=WAIT)
    assert (str(again), again.delivery_count) == ("1", 1)
    (deferred,) = await receiver.receive_deferred_messages(messages[2].sequence_number or 0)
    assert (str(deferred), deferred.state) == ("2", ServiceBusMessageState.DEFERRED)
    await receiver.complete_message(deferred)
    await receiver.abandon_message(again)  # the second failure of two allowed
    async with client.get_queue_receiver(
        "plain", sub_queue=ServiceBusSubQueue.DEAD_LETTER
    ) as graveyard:
        dead = await graveyard.receive_messages(max_message_count=2, max_wait_time=WAIT)
    assert [(str(it), it.dead_letter_reason, it.dead_letter_error_description) for it in dead] == [
        ("1", "MaxDeliveryCountExceeded", "The message was delivered 2 times and never completed."),
        ("3", "bad", "very"),
    ]


async def test_a_lock_is_renewed_and_a_lost_one_raises(
    plain: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    await plain.send_messages(ServiceBusMessage("x"))
    (message,) = await receiver.receive_messages(max_wait_time=WAIT)
    before = message.locked_until_utc

    renewed = await receiver.renew_message_lock(message)

    assert before is not None
    assert renewed >= before
    await receiver.complete_message(message)
    message._settled = False
    with pytest.raises(MessageLockLostError):
        await receiver.renew_message_lock(message)


async def test_scheduled_messages_wait_and_can_be_cancelled(
    plain: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    now = datetime.now(UTC)
    soon, late = now + timedelta(seconds=0.5), now + timedelta(hours=1)
    cancelled = await plain.schedule_messages(ServiceBusMessage("cancelled"), late)
    await plain.schedule_messages([ServiceBusMessage("soon")], soon)
    await plain.send_messages(ServiceBusMessage("late", scheduled_enqueue_time_utc=late))

    await plain.cancel_scheduled_messages(cancelled)
    (message,) = await receiver.receive_messages(max_wait_time=WAIT)
    await receiver.complete_message(message)

    assert str(message) == "soon"
    assert (message.enqueued_time_utc or now) >= soon - timedelta(milliseconds=1)
    (left,) = await receiver.peek_messages(10, sequence_number=1)
    assert (str(left), left.state) == ("late", ServiceBusMessageState.SCHEDULED)


async def test_a_repeated_message_id_is_dropped_however_it_is_sent(
    client: ServiceBusClient, server: ServiceBusServer
) -> None:
    async with client.get_queue_sender("once") as sender:
        later = datetime.now(UTC) + timedelta(hours=1)
        await sender.schedule_messages(ServiceBusMessage("a", message_id="m"), later)
        await sender.schedule_messages(ServiceBusMessage("b", message_id="m"), later)
        await sender.send_messages(ServiceBusMessage("c", message_id="m"))
        await sender.send_messages([ServiceBusMessage("d", message_id="n")] * 2)

    assert server.stats()["Once"] == {
        "active": 1, "scheduled": 1, "deferred": 0, "locked": 0, "dead_lettered": 0, "incoming": 2
    }  # fmt: skip


async def test_two_receivers_share_a_queue(
    client: ServiceBusClient, plain: ServiceBusSender, receiver: ServiceBusReceiver
) -> None:
    async with client.get_queue_receiver(
        "plain", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE
    ) as other:
        await plain.send_messages([ServiceBusMessage(str(n)) for n in range(4)])

        here = await receiver.receive_messages(max_message_count=2, max_wait_time=WAIT)
        there = await other.receive_messages(max_message_count=2, max_wait_time=WAIT)
        await asyncio.gather(*(receiver.complete_message(message) for message in here))

    assert sorted(texts(here + there)) == ["0", "1", "2", "3"]


async def test_each_subscription_gets_its_copy(
    client: ServiceBusClient, server: ServiceBusServer
) -> None:
    sender = client.get_topic_sender("news")
    receiver = client.get_subscription_receiver("news", "a")

    _, (message,) = await asyncio.gather(
        sender.send_messages(ServiceBusMessage("x")), receiver.receive_messages(max_wait_time=WAIT)
    )

    await receiver.complete_message(message)
    await asyncio.gather(sender.close(), receiver.close())
    stats = server.stats()
    assert stats["news/Subscriptions/a"]["active"] == 0
    assert stats["news/Subscriptions/b"]["active"] == 1


async def test_an_unknown_entity_or_an_oversized_message_is_refused(
    client: ServiceBusClient, plain: ServiceBusSender
) -> None:
    with pytest.raises(MessagingEntityNotFoundError):
        await client.get_queue_sender("nowhere").send_messages(ServiceBusMessage("x"))
    with pytest.raises(MessageSizeExceededError):
        await plain.send_messages(ServiceBusMessage(b"x" * 300_000))

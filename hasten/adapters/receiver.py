"""Implements the Receiver port on Azure Service Bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessageState, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError

from hasten.adapters.bodies import body_of
from hasten.adapters.servicebus import translated
from hasten.ports.bus import Received
from hasten.ports.receiver import Handle

PEEK_BATCH_SIZE = 100
MOST_PEEKED = 1000
"""Messages that are searched for one that is due. Scheduled messages stand among them."""

EMPTY_QUEUE_WAIT_SECONDS = 2.0
"""Seconds without a message after which no message counts as free."""


class AzureReceiver:
    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client

    async def waiting_since(self, queue: str) -> datetime | None:
        async with self._opened(queue) as receiver:
            first = 0
            for _ in range(MOST_PEEKED // PEEK_BATCH_SIZE):
                page = await receiver.peek_messages(PEEK_BATCH_SIZE, sequence_number=first)
                due = [m for m in page if m.state is ServiceBusMessageState.ACTIVE]
                if due:
                    return min(map(_since, due))
                if not page:
                    return None
                first = max(m.sequence_number or 0 for m in page) + 1
        return None

    async def receive(self, queue: str, most: int, handle: Handle) -> int:
        async with self._opened(queue) as receiver:
            page = await receiver.receive_messages(most, max_wait_time=EMPTY_QUEUE_WAIT_SECONDS)
            ends = await asyncio.gather(
                *(handle(_received(queue, message), _since(message)) for message in page),
                return_exceptions=True,
            )
            for message, end in zip(page, ends, strict=True):
                with suppress(MessageLockLostError):  # Service Bus delivers the message again
                    await (receiver.complete_message if end is None else receiver.abandon_message)(
                        message
                    )
        for end in ends:
            if end is not None:
                raise end
        return len(page)

    @asynccontextmanager
    async def _opened(self, queue: str) -> AsyncIterator[ServiceBusReceiver]:
        try:
            async with self._client.get_queue_receiver(queue) as receiver:
                yield receiver
        except (AzureError, OSError) as error:
            raise translated(error, queue, to="receive from", role="Receiver") from error


def _since(message: ServiceBusReceivedMessage) -> datetime:
    return message.enqueued_time_utc or datetime.now(UTC)


def _received(queue: str, message: ServiceBusReceivedMessage) -> Received:
    return Received(
        queue=queue,
        body=body_of(message),
        content_type=message.content_type or "",
        message_id=message.message_id or "",
        properties=message.application_properties or {},
    )

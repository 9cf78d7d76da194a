"""Implements the ParkedMessages port on Azure Service Bus."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageLockLostError

from hasten.adapters.bodies import body_of, text_of
from hasten.adapters.servicebus import translated
from hasten.ports.dead_letters import Parked

RECEIVE_BATCH_SIZE = 20
"""Messages received together: few enough to pass on well within the lock of one minute."""

PEEK_BATCH_SIZE = 100
EMPTY_QUEUE_WAIT_SECONDS = 3.0
"""Seconds without a message after which a queue counts as empty."""

DEAD_LETTER_PROPERTIES = frozenset({"DeadLetterReason", "DeadLetterErrorDescription"})


class AzureParkedMessages:
    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client

    async def parked(self, queue: str, *, dead_letters: bool) -> Sequence[Parked]:
        found: list[Parked] = []
        async with self._receiver(queue, dead_letters=dead_letters) as receiver:
            first = 0
            while page := await receiver.peek_messages(PEEK_BATCH_SIZE, sequence_number=first):
                found += map(_parked, page)
                first = found[-1].number + 1
        return found

    async def drain(
        self,
        queue: str,
        numbers: Collection[int],
        to: Callable[[Parked], Awaitable[None]],
        *,
        dead_letters: bool,
    ) -> int:
        wanted, passed = set(numbers), dict[int, ServiceBusReceivedMessage]()
        async with self._receiver(queue, dead_letters=dead_letters) as receiver:
            while wanted:
                page = await receiver.receive_messages(
                    RECEIVE_BATCH_SIZE, max_wait_time=EMPTY_QUEUE_WAIT_SECONDS
                )
                if not page or any(_number(message) in passed for message in page):
                    break  # the others are gone: this message came before
                for message in page:
                    if _number(message) not in wanted:
                        passed[_number(message)] = message
                        continue
                    await to(_parked(message))
                    await receiver.complete_message(message)
                    wanted.remove(_number(message))
            for message in passed.values():
                with suppress(MessageLockLostError):  # the message is free already
                    await receiver.abandon_message(message)
        return len(numbers) - len(wanted)

    @asynccontextmanager
    async def _receiver(
        self, queue: str, *, dead_letters: bool
    ) -> AsyncIterator[ServiceBusReceiver]:
        part = ServiceBusSubQueue.DEAD_LETTER if dead_letters else None
        try:
            async with self._client.get_queue_receiver(queue, sub_queue=part) as receiver:
                yield receiver
        except (AzureError, OSError) as error:
            raise translated(error, queue, to="receive from", role="Receiver") from error


def _parked(message: ServiceBusReceivedMessage) -> Parked:
    properties = {text_of(k): text_of(v) for k, v in (message.application_properties or {}).items()}
    return Parked(
        number=_number(message),
        message_id=message.message_id or "",
        body=body_of(message),
        content_type=message.content_type or "",
        subject=message.subject,
        properties={name: properties[name] for name in properties.keys() - DEAD_LETTER_PROPERTIES},
        reason=message.dead_letter_reason or "",
    )


def _number(message: ServiceBusReceivedMessage) -> int:
    if message.sequence_number is None:
        raise ValueError("a message of a queue has no sequence number")
    return message.sequence_number

"""The Bus port on Azure Service Bus. Senders stay open: opening one takes half a second."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
)

from hasten.adapters.telemetry.traces import carried
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import TOPICS, Message

DELAY = timedelta(seconds=5)
RETRIES: Mapping[str, Any] = {"retry_total": 1, "retry_backoff_factor": 0.05}
"""The SDK's own: one at once hides a connection that Service Bus dropped as idle. More, or the
usual pause of seconds, would hold up the webhook beyond Graph's patience."""


def service_bus(
    *,
    connection_string: str | None,
    namespace: str | None,
    credential: Callable[[], AsyncTokenCredential],
) -> ServiceBusClient:
    """By connection string where there is one, else `namespace` with the app's identity."""
    if connection_string is not None:
        try:
            return ServiceBusClient.from_connection_string(connection_string, **RETRIES)
        except ValueError:  # its text may hold the key
            raise PermanentError(
                "ServiceBusConnection is no connection string",
                "set it to Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…",
            ) from None
    if namespace is not None:
        return ServiceBusClient(namespace, credential(), **RETRIES)
    raise PermanentError(
        "no Service Bus is named", "set ServiceBusConnection__fullyQualifiedNamespace"
    )


class AzureServiceBus:
    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client
        self._senders: dict[str, ServiceBusSender] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        async with self._turns[queue]:
            sender = self._senders.pop(queue, None) or self._new_sender(queue)
            try:
                await _send(sender, messages)
                self._senders[queue] = sender
            except (AzureError, OSError) as error:
                raise translated(error, queue, to="send to", role="Sender") from error
            finally:
                if queue not in self._senders:  # its link is not to be trusted any more
                    await sender.close()

    async def close(self) -> None:
        await self._client.close()

    def _new_sender(self, queue: str) -> ServiceBusSender:
        if queue in TOPICS:
            return self._client.get_topic_sender(queue)
        return self._client.get_queue_sender(queue)


async def _send(sender: ServiceBusSender, messages: Sequence[Message]) -> None:
    """In as few transfers as fit; a scheduled message keeps its time within a batch."""
    batch = await sender.create_message_batch()
    for message in _encoded(messages):
        try:
            batch.add_message(message)
        except MessageSizeExceededError:
            await sender.send_messages(batch)
            batch = await sender.create_message_batch()
            batch.add_message(message)
    await sender.send_messages(batch)


def _encoded(messages: Sequence[Message]) -> Iterator[ServiceBusMessage]:
    for message in messages:
        yield ServiceBusMessage(
            json.dumps(message.body, separators=(",", ":")) if message.raw is None else message.raw,
            message_id=message.message_id,
            session_id=message.session,
            scheduled_enqueue_time_utc=message.at,
            content_type=message.content_type,
            subject=message.subject,
            application_properties={**dict(message.properties.items()), **carried()},
        )


def translated(error: Exception, queue: str, *, to: str, role: str) -> Exception:
    """`to` is what we wanted of the queue, and `role` the one that lets us."""
    match error:
        case ServiceBusAuthenticationError() | ServiceBusAuthorizationError():
            return PermanentError(
                f"Service Bus refused to let us {to} {queue}",
                f'give the app\'s identity the role "Azure Service Bus Data {role}"',
            )
        case MessagingEntityNotFoundError():
            kind = "topic" if queue in TOPICS else "queue"
            return PermanentError(f"Service Bus has no {kind} {queue}", "deploy infra again")
    return TemporaryError(f"Service Bus: {type(error).__name__}", DELAY)

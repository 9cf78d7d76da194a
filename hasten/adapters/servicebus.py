"""Implements the Bus port on Azure Service Bus. Senders stay open, because opening one takes half a
second."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage, parse_connection_string
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import (
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
)

from hasten.adapters.gathering import Gathering
from hasten.adapters.telemetry.traces import carried, carried_by_name
from hasten.adapters.token import lacks_token
from hasten.errors import NoTokenError, PermanentError, TemporaryError, WrongInputError
from hasten.host_names import is_host
from hasten.ports.bus import DROPS_DUPLICATES, TOPICS, Message

SERVICE_BUS_RETRY_DELAY = timedelta(seconds=5)
SDK_RETRY_OPTIONS: Mapping[str, Any] = {"retry_total": 1, "retry_backoff_factor": 0.05}
"""Retries of the SDK. One immediate retry hides a connection that Service Bus dropped as idle. More
retries, or the usual pause of seconds, would delay the webhook beyond Graph's time limit."""


def service_bus(
    *,
    connection_string: str | None,
    namespace: str | None,
    credential: Callable[[], AsyncTokenCredential],
) -> ServiceBusClient:
    """Returns a client from the connection string if there is one, else for `namespace` with the
    app's identity. Raises PermanentError that names the setting, without its value."""
    if connection_string is not None:
        try:
            known = parse_connection_string(connection_string)
            client = ServiceBusClient.from_connection_string(connection_string, **SDK_RETRY_OPTIONS)
        except ValueError:  # its text may contain the key
            raise _no_connection_string() from None
        if not is_host(known.fully_qualified_namespace):
            raise _no_connection_string()
        if known.entity_path:
            raise PermanentError(
                "ServiceBusConnection has an EntityPath: it is of one queue alone",
                "set it to the connection string of a shared access policy of the namespace",
            )
        return client
    if namespace is not None:
        return ServiceBusClient(namespace, credential(), **SDK_RETRY_OPTIONS)
    raise PermanentError(
        "no Service Bus is named", "set ServiceBusConnection__fullyQualifiedNamespace"
    )


def _no_connection_string() -> PermanentError:
    return PermanentError(
        "ServiceBusConnection is no connection string",
        "set it to Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…",
    )


class AzureServiceBus:
    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client
        self._senders: dict[str, ServiceBusSender] = {}
        self._gatherings: dict[str, Gathering[ServiceBusMessage]] = {}

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        if queue not in self._gatherings:
            self._gatherings[queue] = Gathering(partial(self._transfer, queue))
        sent = [encoded(message) for message in messages]
        await self._gatherings[queue].send(
            [message for message, _ in sent], sum(size for _, size in sent)
        )

    async def close(self) -> None:
        await self._client.close()

    def carried(self) -> Mapping[str, str]:
        return carried_by_name()

    async def _transfer(self, queue: str, messages: Sequence[ServiceBusMessage]) -> None:
        sender = self._senders.pop(queue, None) or self._new_sender(queue)
        try:
            await _send(sender, _once(messages) if queue in DROPS_DUPLICATES else messages)
            self._senders[queue] = sender
        except (AzureError, OSError) as error:
            raise translated(error, queue, to="send to", role="Sender") from error
        finally:
            if queue not in self._senders:  # its link may be broken
                await sender.close()

    def _new_sender(self, queue: str) -> ServiceBusSender:
        if queue in TOPICS:
            return self._client.get_topic_sender(queue)
        return self._client.get_queue_sender(queue)


def _once(messages: Sequence[ServiceBusMessage]) -> Sequence[ServiceBusMessage]:
    """Returns the first message of each id. Service Bus documents no duplicate detection within a
    batch."""
    first: dict[Any, ServiceBusMessage] = {}
    for message in messages:
        first.setdefault(message.message_id, message)
    return list(first.values())


async def _send(sender: ServiceBusSender, messages: Sequence[ServiceBusMessage]) -> None:
    """Sends in as few transfers as fit. A scheduled message keeps its time within a batch."""
    batch = await sender.create_message_batch()
    for message in messages:
        try:
            batch.add_message(message)
        except MessageSizeExceededError:
            await sender.send_messages(batch)
            batch = await sender.create_message_batch()
            batch.add_message(message)
    await sender.send_messages(batch)


def encoded(message: Message) -> tuple[ServiceBusMessage, int]:
    """Returns the message in the SDK's form, and its size in bytes without the headers."""
    body = message.raw
    if body is None:
        body = json.dumps(message.body, separators=(",", ":")).encode()
    trace = {name.encode(): text for name, text in message.trace.items()} or carried()
    properties: dict[Any, Any] = {**message.properties, **trace}
    made = ServiceBusMessage(
        body,
        message_id=message.message_id,
        scheduled_enqueue_time_utc=message.at,
        content_type=message.content_type,
        subject=message.subject,
        application_properties=properties,
    )
    return made, len(body) + sum(len(name) + len(text) for name, text in properties.items())


def translated(error: Exception, queue: str, *, to: str, role: str) -> Exception:
    """Translates an SDK error. `to` is what Hasten tried to do with the queue, `role` the role that
    permits it."""
    if lacks_token(error):
        return NoTokenError("Service Bus", error, SERVICE_BUS_RETRY_DELAY)
    match error:
        case ServiceBusAuthenticationError() | ServiceBusAuthorizationError():
            return PermanentError(
                f"Service Bus refused to let us {to} {queue}",
                f'give the app\'s identity the role "Azure Service Bus Data {role}"',
            )
        case MessagingEntityNotFoundError():
            kind = "topic" if queue in TOPICS else "queue"
            return PermanentError(f"Service Bus has no {kind} {queue}", "deploy infra again")
        case MessageSizeExceededError():
            return WrongInputError(
                f"a message to {queue} is larger than Service Bus takes",
                "post an event in several smaller ones; report any other message as a defect",
            )
    return TemporaryError(f"Service Bus: {type(error).__name__}", SERVICE_BUS_RETRY_DELAY)

"""Receives the messages of a Service Bus trigger and settles them."""

import logging
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from emulator.functions import decoding
from emulator.functions.app import Function, Json
from emulator.functions.persistence import BROKEN, FIRST_PAUSE, brief
from emulator.functions.settings import expanded, setting

logger = logging.getLogger("functions.service_bus")


RETRIES = 5
"""Retries of one operation: 0.2, 0.4, … 3.2 seconds apart."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A queue, or the subscription of a topic."""

    connection: str
    name: str
    subscription: str | None

    @classmethod
    def of(cls, trigger: Json) -> Self:
        """Returns the entity of a trigger. Raises LoadError if a setting is missing that the
        trigger names."""
        connection = setting(str(trigger["connection"]))
        if "topicName" in trigger:
            subscription = expanded(str(trigger["subscriptionName"]))
            return cls(connection, expanded(str(trigger["topicName"])), subscription)
        return cls(connection, expanded(str(trigger["queueName"])), None)

    def client(self) -> ServiceBusClient:
        """Returns a client. It retries for some seconds, mainly to settle; the slots themselves
        never give up."""
        return ServiceBusClient.from_connection_string(
            self.connection,
            retry_total=RETRIES,
            retry_backoff_factor=FIRST_PAUSE,
            ssl_context=_trusted(),
        )

    def receiver(self, client: ServiceBusClient, **options: Any) -> ServiceBusReceiver:
        if self.subscription is None:
            return client.get_queue_receiver(self.name, **options)
        return client.get_subscription_receiver(self.name, self.subscription, **options)


@cache
def _trusted() -> ssl.SSLContext:
    """Returns one TLS context for all links of all triggers, because each would take 18 ms to read
    the certificates."""
    return ssl.create_default_context()


async def attempt(function: Function, message: ServiceBusReceivedMessage) -> bool:
    """Runs the function. Returns whether it succeeded."""
    try:
        await function.run(decoding.service_bus(message))
    except Exception:
        logger.exception("%s failed", function.name)
        return False
    return True


async def settle(
    function: Function,
    receiver: ServiceBusReceiver,
    message: ServiceBusReceivedMessage,
    *,
    succeeded: bool,
) -> None:
    """Completes or abandons the message. If neither works, Service Bus redelivers it."""
    try:
        if succeeded:
            await receiver.complete_message(message)
        else:
            await receiver.abandon_message(message)
    except (*BROKEN, ValueError) as error:
        logger.warning("%s: not settled: %s", function.name, brief(error))

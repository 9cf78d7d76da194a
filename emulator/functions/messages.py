"""Where the messages of a Service Bus trigger come from, and what becomes of each."""

import logging
import ssl
from dataclasses import dataclass
from typing import Any, Self

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from emulator.functions import decoding
from emulator.functions.app import Function, Json
from emulator.functions.persistence import BROKEN, FIRST_PAUSE, brief
from emulator.functions.settings import expanded, setting

logger = logging.getLogger("functions.service_bus")


RETRIES = 5
"""Of one operation: 0.2, 0.4, … 3.2 seconds apart."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A queue, or the subscription of a topic."""

    connection: str
    name: str
    subscription: str | None

    @classmethod
    def of(cls, trigger: Json) -> Self:
        """Raises LoadError when a setting is missing that the trigger names."""
        connection = setting(str(trigger["connection"]))
        if "topicName" in trigger:
            subscription = expanded(str(trigger["subscriptionName"]))
            return cls(connection, expanded(str(trigger["topicName"])), subscription)
        return cls(connection, expanded(str(trigger["queueName"])), None)

    def client(self) -> ServiceBusClient:
        """Retries for some seconds, mainly to settle; the slots themselves never give up. One TLS
        context serves all links: each would read the certificates anew, for 18 ms."""
        return ServiceBusClient.from_connection_string(
            self.connection,
            retry_total=RETRIES,
            retry_backoff_factor=FIRST_PAUSE,
            ssl_context=ssl.create_default_context(),
        )

    def receiver(self, client: ServiceBusClient, **options: Any) -> ServiceBusReceiver:
        if self.subscription is None:
            return client.get_queue_receiver(self.name, **options)
        return client.get_subscription_receiver(self.name, self.subscription, **options)


async def attempt(function: Function, message: ServiceBusReceivedMessage) -> bool:
    """Whether the function took the message."""
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
    """Completes or abandons it. If neither can be done, Service Bus delivers it again."""
    try:
        if succeeded:
            await receiver.complete_message(message)
        else:
            await receiver.abandon_message(message)
    except (*BROKEN, ValueError) as error:
        logger.warning("%s: not settled: %s", function.name, brief(error))

"""Reads the body of a received message."""

from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType


def body_of(message: ServiceBusReceivedMessage) -> bytes:
    """Returns the data sections unchanged, or the text of an AMQP value that a producer sent
    instead."""
    if message.body_type is AmqpMessageBodyType.DATA:
        return b"".join(message.body)
    return text_of(message.body).encode()


def text_of(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

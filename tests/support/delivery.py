"""Delivers messages as a queue does."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from hasten.context import Context
from hasten.messages import Retriable
from hasten.ports.bus import Message, Received
from hasten.retry import Retrying


def received(queue: str, message: Message) -> Received:
    body = json.dumps(message.body).encode() if message.raw is None else message.raw
    return Received(
        queue=queue,
        body=body,
        content_type=message.content_type,
        message_id=message.message_id,
        properties=message.properties,
    )


async def deliver(
    context: Context, work: Callable[[Any], Awaitable[object]], message: Retriable
) -> None:
    """Runs `work` on the message, and handles the message as the queue would if `work` raises."""
    as_received = received(message.queue, message.message("delivered"))
    await Retrying(context).run(as_received, lambda _: message, work)

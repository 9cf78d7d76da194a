"""Tries again for ever while Service Bus cannot be reached."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from azure.servicebus.exceptions import (
    MessageAlreadySettled,
    MessageLockLostError,
    ServiceBusError,
    SessionLockLostError,
)

T = TypeVar("T")

logger = logging.getLogger("functions.service_bus")

BROKEN = (ServiceBusError, OSError)
"""What the SDK raises when the connection or the link is lost, or what it was for."""

LOST = (MessageLockLostError, SessionLockLostError, MessageAlreadySettled, ValueError)
"""What it raises once a message is no longer ours: Service Bus delivers it again."""

FIRST_PAUSE, LAST_PAUSE = 0.1, 5.0
"""Seconds; each pause is twice the one before."""


def pauses() -> Iterator[float]:
    return (min(FIRST_PAUSE * 2**tries, LAST_PAUSE) for tries in itertools.count())


async def persistently(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, however often it breaks before. `name` is for the log."""
    loop, waits = asyncio.get_running_loop(), pauses()
    while True:
        began = loop.time()
        try:
            return await work()
        except BROKEN as error:
            if loop.time() - began > LAST_PAUSE:
                waits = pauses()  # it worked for a while: this is another outage
            pause = next(waits)
            logger.warning("%s: %s; trying again in %.1f s", name, brief(error), pause)
            await asyncio.sleep(pause)


def brief(error: BaseException) -> str:
    """One line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"

"""Retries without end while Service Bus cannot be reached."""

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
"""The SDK's errors for a lost connection or link, or for the loss of what it was for."""

LOST = (MessageLockLostError, SessionLockLostError, MessageAlreadySettled, ValueError)
"""The SDK's errors for a message whose lock is lost: Service Bus redelivers it."""

FIRST_PAUSE, LAST_PAUSE = 0.1, 5.0
"""Seconds; each pause is twice the previous one."""


def pauses() -> Iterator[float]:
    return (min(FIRST_PAUSE * 2**tries, LAST_PAUSE) for tries in itertools.count())


async def persistently(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """Returns the result of `work`, repeated until it succeeds. `name` appears in the log."""
    loop, waits = asyncio.get_running_loop(), pauses()
    while True:
        began = loop.time()
        try:
            return await work()
        except BROKEN as error:
            if loop.time() - began > LAST_PAUSE:
                waits = pauses()  # it worked for a while, so this is another outage
            pause = next(waits)
            logger.warning("%s: %s; trying again in %.1f s", name, brief(error), pause)
            await asyncio.sleep(pause)


def brief(error: BaseException) -> str:
    """Returns the error in one line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"

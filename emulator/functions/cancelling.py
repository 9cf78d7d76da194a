"""Cancels what the SDK of Service Bus does until it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 0.5


async def cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Returns the result of the work. When the caller is cancelled, it cancels the work, again and
    again until it has ended. The SDK can lose a cancellation: it takes one for a time-out while it
    reads a frame, and `asyncio.wait_for` of Python 3.11 drops one that comes as its work ends."""
    running = asyncio.create_task(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=PAUSE_SECONDS)
        if not running.cancelled():
            running.exception()  # nobody needs it any more
        raise

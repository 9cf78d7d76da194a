"""Defines how Hasten receives from a queue whose trigger may have stopped."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from hasten.ports.bus import Received

Handle = Callable[[Received, datetime], Awaitable[None]]
"""Takes a message and the time since which it has been in the queue, due."""


class Receiver(Protocol):
    """Receives messages in place of a trigger. Both methods raise TemporaryError if another try may
    help, else PermanentError."""

    async def waiting_since(self, queue: str) -> datetime | None:
        """Returns the time since which the oldest due message has been in the queue, or None if
        there is none. A function may be working on this message. Takes no message."""
        ...

    async def receive(self, queue: str, most: int, handle: Handle) -> int:
        """Takes at most `most` messages on which no function works, and passes them to `handle`
        concurrently. Completes a message once `handle` has returned, and gives it back to the queue
        if `handle` raised. Returns the number of messages. If `handle` raised, raises its error
        after all messages have ended."""
        ...

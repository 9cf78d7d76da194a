"""Defines how Hasten receives from a queue whose trigger may have stopped."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from hasten.ports.bus import Received


class Receiver(Protocol):
    """Both methods raise TemporaryError if another try may help, else PermanentError."""

    async def waiting_since(self, queue: str) -> datetime | None:
        """Returns since when the oldest message waits that is due, although a function may be
        running for it; None if there is none. Takes no message."""
        ...

    async def receive(
        self, queue: str, most: int, handle: Callable[[Received], Awaitable[None]]
    ) -> int:
        """Passes at most `most` messages that no function runs for to `handle`, side by side.
        Completes each message once `handle` has returned, and gives it back if `handle` raised.
        Returns how many there were; raises what `handle` raised after all have ended."""
        ...

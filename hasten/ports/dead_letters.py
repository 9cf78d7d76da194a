"""Defines access to messages that wait for an operator: parked events, and the dead letters of any
queue."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A message that waits for an operator. `number` identifies it within its queue; `reason` is
    why it was dead-lettered. `properties` are the application properties without those about the
    dead-lettering."""

    number: int
    message_id: str
    body: bytes
    content_type: str = ""
    subject: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class ParkedMessages(Protocol):
    """Reads and drains parked messages. Every method raises TemporaryError if another try may help,
    else PermanentError."""

    async def parked(self, queue: str, *, dead_letters: bool) -> Sequence[Parked]:
        """Returns all messages of a queue, or of its dead-letter queue, oldest first, without
        taking any."""
        ...

    async def drain(
        self,
        queue: str,
        numbers: Collection[int],
        to: Callable[[Parked], Awaitable[None]],
        *,
        dead_letters: bool,
    ) -> int:
        """Passes each of these messages to `to`, and removes it once `to` has returned. Returns how
        many. Other messages stay in the queue; messages that someone else took first are
        skipped."""
        ...

"""Messages that wait for a person: parked events, and dead letters of any queue."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """`number` names it within its queue; `reason` is why it was dead-lettered. `properties` are
    the application properties, without those that tell of the dead-lettering."""

    number: int
    message_id: str
    body: bytes
    session: str | None = None
    content_type: str = ""
    subject: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class ParkedMessages(Protocol):
    """Every method raises TemporaryError where trying again may help, else PermanentError."""

    async def parked(self, queue: str, *, dead_letters: bool) -> Sequence[Parked]:
        """All that lie in a queue, or in its dead-letter queue, oldest first; none is taken."""
        ...

    async def drain(
        self,
        queue: str,
        numbers: Collection[int],
        to: Callable[[Parked], Awaitable[None]],
        *,
        dead_letters: bool,
    ) -> int:
        """Takes these messages out, each only after `to` has returned; how many. The others stay,
        and so do those that somebody else took first."""
        ...

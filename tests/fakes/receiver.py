"""Queues in memory whose triggers may have stopped."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from hasten.ports.bus import Received


@dataclass
class FakeReceiver:
    waiting: list[tuple[datetime, Received]] = field(default_factory=list)
    """The due messages, each with the time since which it is due. Locked messages are also in
    `running`."""

    running: list[Received] = field(default_factory=list)

    async def waiting_since(self, queue: str) -> datetime | None:
        return min((at for at, one in self.waiting if one.queue == queue), default=None)

    async def receive(
        self, queue: str, most: int, handle: Callable[[Received], Awaitable[None]]
    ) -> int:
        free = [w for w in self.waiting if w[1].queue == queue and w[1] not in self.running]
        for waiting in free[:most]:
            await handle(waiting[1])
            self.waiting.remove(waiting)
        return len(free[:most])

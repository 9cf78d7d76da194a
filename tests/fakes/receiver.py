"""Queues in memory whose triggers may have stopped."""

from dataclasses import dataclass, field
from datetime import datetime

from hasten.ports.bus import Received
from hasten.ports.receiver import Handle


@dataclass
class FakeReceiver:
    waiting: list[tuple[datetime, Received]] = field(default_factory=list)
    """The due messages, each with the time since which it is due. Locked messages are also in
    `running`."""

    running: list[Received] = field(default_factory=list)

    async def waiting_since(self, queue: str) -> datetime | None:
        return min((at for at, one in self.waiting if one.queue == queue), default=None)

    async def receive(self, queue: str, most: int, handle: Handle) -> int:
        free = [w for w in self.waiting if w[1].queue == queue and w[1] not in self.running]
        for waiting in free[:most]:
            at, received = waiting
            await handle(received, at)
            self.waiting.remove(waiting)
        return len(free[:most])

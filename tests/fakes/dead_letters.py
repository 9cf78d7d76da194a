"""Parked messages in memory."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hasten.ports.dead_letters import Parked


@dataclass
class FakeParkedMessages:
    lying: dict[tuple[str, bool], list[Parked]] = field(default_factory=dict)
    """The messages, by queue and by whether they are dead letters."""
    unreadable: Mapping[tuple[str, bool], Exception] = field(default_factory=dict)
    """Errors of the reads of those that cannot be read."""

    async def parked(self, queue: str, *, dead_letters: bool) -> Sequence[Parked]:
        if (queue, dead_letters) in self.unreadable:
            raise self.unreadable[queue, dead_letters]
        return list(self.lying.get((queue, dead_letters), ()))

    async def drain(
        self,
        queue: str,
        numbers: Collection[int],
        to: Callable[[Parked], Awaitable[None]],
        *,
        dead_letters: bool,
    ) -> int:
        there = self.lying[queue, dead_letters]
        taken = [parked for parked in there if parked.number in numbers]
        for parked in taken:
            await to(parked)
            there.remove(parked)
        return len(taken)

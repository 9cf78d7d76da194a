"""A set in the store that a process remembers, and reads again for what it does not find there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.ports.clock import Now


@dataclass(slots=True)
class Remembered:
    """What left the set since it was read is still found: only its absence is ever doubted."""

    read: Callable[[], Awaitable[frozenset[str]]]
    now: Now
    apart: timedelta = timedelta(0)
    """Between two reads: a flood of what is not in the set does not become a flood of reads."""
    _held: frozenset[str] = frozenset()
    _read_at: datetime | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def has(self, item: str) -> bool:
        if item in self._held:
            return True
        async with self._reading:
            if item not in self._held and self._may_read():
                self._held = await self.read()
                self._read_at = self.now()
        return item in self._held

    def _may_read(self) -> bool:
        return self._read_at is None or self.now() - self._read_at >= self.apart

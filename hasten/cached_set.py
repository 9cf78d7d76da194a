"""Keeps a copy of a stored set in memory and reloads it when an item is missing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.ports.clock import Now


@dataclass(slots=True)
class CachedSet:
    """May return True for an item that was removed since the last load. A False is checked against
    the store."""

    load: Callable[[], Awaitable[frozenset[str]]]
    now: Now
    reload_interval: timedelta = timedelta(0)
    """Minimum time between two loads, so that many unknown items do not cause many loads."""
    _items: frozenset[str] = frozenset()
    _loaded_at: datetime | None = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def has(self, item: str) -> bool:
        if item in self._items:
            return True
        async with self._loading:
            if item not in self._items and self._may_reload():
                self._items = await self.load()
                self._loaded_at = self.now()
        return item in self._items

    def _may_reload(self) -> bool:
        return self._loaded_at is None or self.now() - self._loaded_at >= self.reload_interval

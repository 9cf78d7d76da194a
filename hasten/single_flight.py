"""Combines concurrent reads of one group in a process. A burst of notifications causes a burst of
looks, and one read serves all looks that were waiting when it began."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class SingleFlight:
    """Saves requests only; the cursor's etag protects against concurrent looks of several
    processes."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._arrivals: Counter[str] = Counter()
        self._served: Counter[str] = Counter()

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """Runs `work`, one call per `key` at a time. Returns None if work on `key` that began after
        this call has succeeded meanwhile."""
        self._arrivals[key] += 1
        mine = self._arrivals[key]
        async with self._locks[key]:
            if self._served[key] >= mine:
                return None
            serves = self._arrivals[key]
            done = await work()
            self._served[key] = serves
            return done

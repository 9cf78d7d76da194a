"""One read of a group at a time in a process: a burst of notifications is a burst of looks, and
one read serves all that were waiting when it began."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class SingleFlight:
    """An economy only: the cursor's etag keeps looks of several processes apart."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._arrivals: Counter[str] = Counter()
        self._served: Counter[str] = Counter()

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """None when work on `key` that began after this call has succeeded meanwhile."""
        self._arrivals[key] += 1
        mine = self._arrivals[key]
        async with self._locks[key]:
            if self._served[key] >= mine:
                return None
            serves = self._arrivals[key]
            done = await work()
            self._served[key] = serves
            return done

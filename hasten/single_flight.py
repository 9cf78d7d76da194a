"""Combines concurrent reads of one group in a process, and limits how often it is read. A burst of
notifications causes a burst of looks, and one read serves all looks that were waiting when it
began."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

READ_EVERY = timedelta(seconds=1)
"""The pace at which one group is read under a flood of looks, whoever causes them."""

READS_BEFORE_PACE = 5
"""Reads of one group that need not keep to the pace: a few joiners in a row wait for nothing."""


class SingleFlight:
    """Saves requests only; the cursor's etag protects against concurrent looks of several
    processes."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._arrivals: Counter[str] = Counter()
        self._served: Counter[str] = Counter()
        self._paid_until: dict[str, float] = {}
        """The time of the loop at which the reads made so far are within the pace again."""

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """Runs `work`, one call per `key` at a time, READS_BEFORE_PACE at once and then one in
        READ_EVERY. Returns None if work on `key` that began after this call has succeeded
        meanwhile."""
        self._arrivals[key] += 1
        mine = self._arrivals[key]
        async with self._locks[key]:
            if self._served[key] >= mine:
                return None
            await self._keep_pace(key)
            serves = self._arrivals[key]
            done = await work()
            self._served[key] = serves
            return done

    async def _keep_pace(self, key: str) -> None:
        loop, every = asyncio.get_running_loop(), READ_EVERY.total_seconds()
        paid_until = self._paid_until.get(key, 0.0)
        early = paid_until - (READS_BEFORE_PACE - 1) * every - loop.time()
        if early > 0:
            await asyncio.sleep(early)
        self._paid_until[key] = max(paid_until, loop.time()) + every

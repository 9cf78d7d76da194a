"""Keeps the emulated time, which can run faster than real time, stand still and jump ahead."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

WallTime = Callable[[], float]


class Clock:
    """Epoch seconds that start at the real time and run `speed` times as fast."""

    def __init__(self, speed: float = 1.0, wall: WallTime = time.time) -> None:
        self._wall = wall
        self._speed = speed
        self._base_wall = wall()
        self._base = self._base_wall
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        return self._speed

    def time(self) -> float:
        return self._base + (self._wall() - self._base_wall) * self._speed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def wall(self) -> float:
        """Returns real epoch seconds, for comparison with other clocks."""
        return self._wall()

    def set_speed(self, speed: float) -> None:
        """Sets the speed; 0 stops the clock. Raises ValueError if negative: time never runs
        back."""
        if speed < 0:
            raise ValueError("speed is negative")
        self._rebase(0.0)
        self._speed = speed
        self._wake()

    def advance(self, seconds: float) -> None:
        """Jumps ahead and wakes everything that sleeps until then. Raises ValueError if
        negative."""
        if seconds < 0:
            raise ValueError("seconds are negative")
        self._rebase(seconds)
        self._wake()

    def real_seconds(self, seconds: float) -> float:
        """Returns how long `seconds` of this clock take in a client's real time."""
        return seconds / self._speed if self._speed else float("inf")

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self.time() + seconds)

    async def sleep_until(self, epoch: float) -> None:
        while (left := epoch - self.time()) > 0:
            changed = self._changed
            try:
                async with asyncio.timeout(self.real_seconds(left) if self._speed else None):
                    await changed.wait()
            except TimeoutError:
                continue

    def _rebase(self, jump: float) -> None:
        self._base = self.time() + jump
        self._base_wall = self._wall()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def iso(epoch: float) -> str:
    """Writes a time as Graph does: UTC with seven digits."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def parse_iso(text: str) -> float:
    """Returns the epoch seconds of an ISO 8601 time; digits after the sixth are dropped. Raises
    ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

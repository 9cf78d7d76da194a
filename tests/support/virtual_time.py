"""An event loop on which waiting takes no time: its clock jumps to the next timer."""

import asyncio
import functools
import math
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

RESOLUTION = 1e-9
"""Seconds that asyncio adds to the time to find timers that are due. From the hundredth day on it
is too little to change the time, a float."""


class _Jumping(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Asks the system only before a jump: while callbacks are ready, other events can wait."""
        if timeout is None:
            raise AssertionError("nothing is scheduled: the test would wait for ever")
        if timeout <= 0:
            return []
        ready = super().select(0)
        if not ready:
            self.seconds += timeout
            if self.seconds + RESOLUTION == self.seconds:
                self.seconds = math.nextafter(self.seconds, math.inf)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, begin: datetime = START) -> None:
        self._jumping = _Jumping()
        self._jumping.seconds = (begin - START).total_seconds()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.seconds


def now() -> datetime:
    """The virtual time of the running loop."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def virtual(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs an async test on a loop of its own whose waits are jumps."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def body() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(body())

    return run

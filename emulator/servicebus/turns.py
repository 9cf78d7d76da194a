"""Runs a step soon after a change, and again at the time that the step asks for."""

import asyncio
from collections.abc import Callable


class Turns:
    """Runs the step once for all changes in one turn of the event loop."""

    def __init__(self, step: Callable[[float], float], *, clock: Callable[[], float]) -> None:
        """`step` gets the current time and returns the time of its next turn; both in seconds since
        the epoch."""
        self._step = step
        self._clock = clock
        self._next: asyncio.Handle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = float("inf")

    def soon(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self.now)

    def now(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        now = self._clock()
        self._set_alarm(self._step(now), now)

    def stop(self) -> None:
        for handle in (self._next, self._alarm):
            if handle is not None:
                handle.cancel()
        self._next = self._alarm = None

    def _ring(self) -> None:
        # The alarm may ring slightly early, because the loop's clock is not the step's clock.
        self._alarm = None
        self.now()

    def _set_alarm(self, at: float, now: float) -> None:
        if self._alarm is not None:
            if at == self._alarm_at:
                return
            self._alarm.cancel()
            self._alarm = None
        if at < float("inf"):
            self._alarm_at = at
            delay = max(at - now, 0.0)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

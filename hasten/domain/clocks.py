"""Compares the times of calls that processes with different clocks have made."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

CLOCK_SKEW = timedelta(seconds=2)
"""Maximum difference between the clocks of two instances that Hasten allows for. Microsoft
documents none. A longer one would make revocations wait longer after a call of another instance."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time at which a call was made. `at` is the latest time by our clock, `stored` the time by
    `clock`, the clock of the process that made the call."""

    at: datetime
    stored: datetime
    clock: str = ""

    @classmethod
    def own(cls, at: datetime, clock: str = "") -> Self:
        """Returns the stamp as the process sees it that made the call."""
        return cls(at, at, clock)

    def seen_by(self, clock: str, now: datetime) -> Self:
        """Returns the stamp as the process `clock` sees it, which read it at `now`. The clock of
        another process may be behind ours, so its call may be as young as the time that it stored
        and the skew allow; but the call was saved before `now`."""
        at = self.stored if self.clock == clock else min(now, self.stored + CLOCK_SKEW)
        return replace(self, at=at)

"""Reads the times of calls that another process saved, whose clock may differ from ours."""

from dataclasses import dataclass
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
    def own(cls, now: datetime, clock: str = "") -> Self:
        return cls(now, now, clock)

    @classmethod
    def read(cls, stored: datetime, clock: str, *, ours: str, now: datetime) -> Self:
        """Returns the stamp of a call that was saved before `now`. If another process made it, its
        clock may be behind ours, so the call may be as young as its age and the skew allow."""
        return cls(stored if clock == ours else min(now, stored + CLOCK_SKEW), stored, clock)

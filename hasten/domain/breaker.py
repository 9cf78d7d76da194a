"""The breaker of one target. After several calls in a row without a usable answer it stops
the calls for a while, then lets one through as a probe."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 5
"""Failed calls in a row that open the breaker: as many as one window of calls."""

FAILED_OFTEN = 5
"""Attempts from which on another failure of the same users says nothing about the target."""

BREAKER_MIN_PAUSE = timedelta(seconds=30)
BREAKER_MAX_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of the breaker. `users` are the users named by the failed calls while it is closed.
    One user whose calls always fail proves nothing about the target, so the calls of at least two
    users must fail before it opens."""

    failures: int = 0
    open_until: datetime | None = None
    users: frozenset[str] = frozenset()

    @property
    def is_closed(self) -> bool:
        return self.open_until is None

    def lets_through_at(self, now: datetime, *, is_new_removal: bool = False) -> datetime:
        """Returns the earliest time, from `now` on, of the next call. A removal that has not failed
        waits no longer than BREAKER_MIN_PAUSE after the last failure: the calls that failed may be
        about a few people for whom each call fails."""
        if self.open_until is None:
            return now
        opened = self.open_until - _pause(self.failures)
        return max(now, opened + BREAKER_MIN_PAUSE if is_new_removal else self.open_until)

    def failed(self, users: Collection[str], now: datetime, *, attempts: int) -> "Breaker":
        """Returns the breaker after a failed call. Each failed probe doubles the pause. `attempts`
        is how often each of the users had failed before: users who failed in this row of calls and
        FAILED_OFTEN do not open the breaker."""
        failures, named = self.failures + 1, self.users.union(users)
        if self.is_closed and attempts >= FAILED_OFTEN and named == self.users:
            return self
        if self.is_closed and (failures < FAILURES_TO_OPEN or named <= set(users)):
            return Breaker(failures, None, named)
        return Breaker(failures, now + _pause(failures))

    def answered(self) -> "Breaker":
        return Breaker()


def _pause(failures: int) -> timedelta:
    doubled = min(max(0, failures - FAILURES_TO_OPEN), 10)
    pause: timedelta = BREAKER_MIN_PAUSE * 2**doubled
    return min(BREAKER_MAX_PAUSE, pause)

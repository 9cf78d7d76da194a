"""The breaker of one target. After several calls in a row without a usable answer it stops
the calls for a while, then lets one through as a probe."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 5
"""Failed calls in a row that open the breaker: as many as one window of calls."""

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

    def lets_through_at(self, now: datetime) -> datetime:
        return max(now, self.open_until) if self.open_until else now

    def failed(self, users: Collection[str], now: datetime) -> "Breaker":
        """Returns the breaker after a failed call. Each failed probe doubles the pause."""
        failures, named = self.failures + 1, self.users.union(users)
        if self.is_closed and (failures < FAILURES_TO_OPEN or named <= set(users)):
            return Breaker(failures, None, named)
        pause = min(
            BREAKER_MAX_PAUSE, BREAKER_MIN_PAUSE * 2 ** min(max(0, failures - FAILURES_TO_OPEN), 10)
        )
        return Breaker(failures, now + pause)

    def answered(self) -> "Breaker":
        return Breaker()

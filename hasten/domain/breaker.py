"""The circuit breaker of one target: after some calls without a usable answer in a row, it lets no
call through for a while, then one as a probe."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES = 5
"""In a row, before it opens: as many as one window of calls."""

FIRST_PAUSE = timedelta(seconds=30)
LAST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`users` are those whom the failed calls named, while it is closed. One person whose calls
    always fail says nothing of the target: it takes the calls of two to open."""

    failures: int = 0
    open_until: datetime | None = None
    users: frozenset[str] = frozenset()

    @property
    def is_closed(self) -> bool:
        return self.open_until is None

    def lets_through_at(self, now: datetime) -> datetime:
        return max(now, self.open_until) if self.open_until else now

    def failed(self, users: Collection[str], now: datetime) -> "Breaker":
        """Opens for twice as long with every probe that fails."""
        failures, named = self.failures + 1, self.users.union(users)
        if self.is_closed and (failures < FAILURES or named <= set(users)):
            return Breaker(failures, None, named)
        pause = min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(max(0, failures - FAILURES), 10))
        return Breaker(failures, now + pause)

    def answered(self) -> "Breaker":
        return Breaker()

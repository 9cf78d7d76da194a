"""The circuit breaker of one target: after some calls without a usable answer in a row, it lets no
call through for a while, then one as a probe."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES = 5
"""In a row, before it opens: as many as one window of calls."""

SHORTEST = timedelta(seconds=30)
LONGEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Breaker:
    failures: int = 0
    open_until: datetime | None = None

    @property
    def is_closed(self) -> bool:
        return self.open_until is None

    def lets_through_at(self, now: datetime) -> datetime:
        return max(now, self.open_until) if self.open_until else now

    def failed(self, now: datetime) -> "Breaker":
        """Opens for twice as long with every probe that fails."""
        failures = self.failures + 1
        if failures < FAILURES:
            return replace(self, failures=failures)
        pause: timedelta = min(LONGEST, SHORTEST * 2 ** min(failures - FAILURES, 10))
        return Breaker(failures, now + pause)

    def answered(self) -> "Breaker":
        return Breaker()

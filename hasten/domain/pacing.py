"""The sliding window of on-demand calls: at most 5 in any 10 s, and an optional hourly cap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hasten.limits import CALLS_PER_WINDOW, WINDOW, WINDOW_MARGIN

HOUR = timedelta(hours=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The calls one target has made, and the time before which Graph asked us not to call."""

    calls: Sequence[datetime] = ()
    not_before: datetime = LONG_AGO
    max_calls_per_hour: int | None = None

    def used(self, now: datetime) -> int:
        """Calls that still count against the window of 10 s."""
        return sum(1 for call in self.calls if call > now - WINDOW - WINDOW_MARGIN)

    def free_at(self, now: datetime) -> datetime:
        """The earliest time from `now` on at which one more call is allowed."""
        earliest = max(now, self.not_before)
        earliest = max(earliest, _freed(self.calls, CALLS_PER_WINDOW, WINDOW + WINDOW_MARGIN))
        if self.max_calls_per_hour is not None:
            earliest = max(earliest, _freed(self.calls, self.max_calls_per_hour, HOUR))
        return earliest

    def times(self, now: datetime, calls: int) -> list[datetime]:
        """When each of so many calls could be made at the earliest, one window after another."""
        first, windows = self.free_at(now), WINDOW + WINDOW_MARGIN
        hourly = self.max_calls_per_hour or calls + 1
        return [
            first + max(windows * (n // CALLS_PER_WINDOW), HOUR * (n // hourly))
            for n in range(calls)
        ]

    def with_call(self, now: datetime) -> "Pace":
        """The pace after a call at `now`; forgets what no limit counts any more."""
        horizon = HOUR if self.max_calls_per_hour is not None else WINDOW + WINDOW_MARGIN
        recent = [call for call in self.calls if call > now - horizon]
        return replace(self, calls=(*recent, now))

    def departed(self, now: datetime) -> "Pace":
        """Writing the last call down took a while: it leaves only now."""
        return replace(self, calls=(*self.calls[:-1], now))

    def throttled(self, until: datetime) -> "Pace":
        """Graph answered 429: no call before `until`, whatever our own window says."""
        return replace(self, not_before=max(self.not_before, until))


def _freed(calls: Sequence[datetime], limit: int, window: timedelta) -> datetime:
    """When the `limit`-th newest call leaves the window: then there is room for one more."""
    if len(calls) < limit:
        return LONG_AGO
    return sorted(calls)[-limit] + window

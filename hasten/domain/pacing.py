"""The sliding window of on-demand calls: at most 5 in any 10 s, and an optional hourly limit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hasten.domain.clocks import Stamp
from hasten.domain.long_ago import LONG_AGO
from hasten.limits import CALL_WINDOW, CALL_WINDOW_MARGIN, CALLS_PER_WINDOW

HOUR = timedelta(hours=1)

GRANTS_SHARE_OF_HOUR = 0.8
"""The part of `max_calls_per_hour` that must be spent before grants wait. The rest is for
revocations, which a group with many joiners would else delay by up to an hour."""

DEPARTS_WITHIN = timedelta(seconds=0.1)
"""Maximum time between saving a call and sending it. Hasten saves the time of a later call
again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The calls that one target has made, and the time before which Graph asked Hasten not to
    call. `reserved` calls of each window are left to others, such as Privileged Identity
    Management. `clock` names the process that makes the next call."""

    calls: Sequence[Stamp] = ()
    not_before: datetime = LONG_AGO
    max_calls_per_hour: int | None = None
    reserved: int = 0
    clock: str = ""

    @property
    def calls_per_window(self) -> int:
        return CALLS_PER_WINDOW - self.reserved

    def used(self, now: datetime) -> int:
        """Returns how many calls still count against the window of 10 s, with those reserved."""
        return self.reserved + sum(
            1 for call in self.calls if call.at > now - CALL_WINDOW - CALL_WINDOW_MARGIN
        )

    def free_at(self, now: datetime, *, is_removal: bool = True) -> datetime:
        """Returns the earliest time, from `now` on, at which one more call is allowed."""
        return max(now, self.opens_at(is_removal=is_removal))

    def opens_at(self, *, is_removal: bool = True) -> datetime:
        """Returns the time, past or future, from which the next call is allowed."""
        window = _freed(self.calls, self.calls_per_window, CALL_WINDOW + CALL_WINDOW_MARGIN)
        earliest = max(self.not_before, window)
        hourly = self._calls_per_hour(is_removal=is_removal)
        return earliest if hourly is None else max(earliest, _freed(self.calls, hourly, HOUR))

    def times(self, now: datetime, calls: int) -> list[datetime]:
        """Returns the earliest time of each of `calls` grants, one window after another."""
        first, windows = self.free_at(now, is_removal=False), CALL_WINDOW + CALL_WINDOW_MARGIN
        hourly = self._calls_per_hour(is_removal=False) or calls
        return [
            first + max(windows * (n // self.calls_per_window), HOUR * (n // hourly))
            for n in range(calls)
        ]

    def _calls_per_hour(self, *, is_removal: bool) -> int | None:
        if self.max_calls_per_hour is None or is_removal:
            return self.max_calls_per_hour
        return max(1, int(self.max_calls_per_hour * GRANTS_SHARE_OF_HOUR))

    def with_call(self, now: datetime) -> "Pace":
        """Returns the window after a call at `now`, without calls that no limit counts any more."""
        horizon = HOUR if self.max_calls_per_hour is not None else CALL_WINDOW + CALL_WINDOW_MARGIN
        recent = [call for call in self.calls if call.at > now - horizon]
        return replace(self, calls=(*recent, Stamp.own(now, self.clock)))

    def departed(self, now: datetime) -> "Pace":
        """Returns the window with the last call moved to `now`: the call was saved first, and
        leaves only now."""
        return replace(self, calls=(*self.calls[:-1], Stamp.own(now, self.clock)))

    def throttled(self, until: datetime) -> "Pace":
        """Returns the window after a 429 of Graph: no call before `until`."""
        return replace(self, not_before=max(self.not_before, until))


def _freed(calls: Sequence[Stamp], limit: int, window: timedelta) -> datetime:
    """Returns when the `limit`-th newest call leaves the window, which makes room for one more."""
    if len(calls) < limit:
        return LONG_AGO
    return sorted(call.at for call in calls)[-limit] + window

"""Implements a sliding window, as in Graph's limit on on-demand calls."""

import math
from collections import deque


class Window:
    """At most `calls` calls in any `seconds`. Refused calls do not count unless `take` says so."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def take(self, now: float, *, refused_count: bool = False) -> float:
        """Returns 0 if the call may be made, else the seconds until one may, if no other call comes
        before."""
        while self._taken and now - self._taken[0] >= self._seconds:
            self._taken.popleft()
        if len(self._taken) < self._calls:
            self._taken.append(now)
            return 0.0
        if refused_count:
            self._taken.append(now)
        return self._taken[-self._calls] + self._seconds - now


def retry_after(real_seconds: float) -> int:
    """Returns whole seconds for the header, rounded up; a minute if the clock is stopped."""
    return max(1, math.ceil(real_seconds)) if math.isfinite(real_seconds) else 60

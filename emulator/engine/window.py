"""So many calls in any so many seconds: Graph's limit on calls on demand."""

import math
from collections import deque


class Window:
    """Refused calls do not count against the calls that follow, unless `take` is called so."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def take(self, now: float, *, refused_count: bool = False) -> float:
        """0 when the call may be made; else the seconds until one may, if nobody calls before."""
        while self._taken and now - self._taken[0] >= self._seconds:
            self._taken.popleft()
        if len(self._taken) < self._calls:
            self._taken.append(now)
            return 0.0
        if refused_count:
            self._taken.append(now)
        return self._taken[-self._calls] + self._seconds - now


def retry_after(real_seconds: float) -> int:
    """Whole seconds for the header, never too few; a stopped clock says a minute."""
    return max(1, math.ceil(real_seconds)) if math.isfinite(real_seconds) else 60

"""Slows reads down while Graph reports that its limit is near."""

SLOW_DOWN_FROM_SHARE = 0.8
MAX_REPORTED_SHARE = 1.8
"""Graph sends x-ms-throttle-limit-percentage for shares of the limit between these two."""

MIN_READ_PAUSE_SECONDS = 0.1
MAX_READ_PAUSE_SECONDS = 2.0
"""Seconds to wait before one read."""

REPORT_VALID_SECONDS = 10.0
"""Seconds: the window in which Graph counts resource units of one app in one tenant."""


class Pressure:
    """The last share of the limit that Graph reported. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._share = 0.0
        self._heard_at = 0.0

    def hear(self, percentage: str | None, at: float) -> None:
        """Stores the header's value. An answer without the header changes nothing: Graph does not
        promise it on each answer."""
        try:
            share = float(percentage or "")
        except ValueError:
            return
        self._share, self._heard_at = share, at

    def pause(self, at: float) -> float:
        """Returns the seconds to wait before the next read."""
        is_near = self._share >= SLOW_DOWN_FROM_SHARE and at - self._heard_at < REPORT_VALID_SECONDS
        if not is_near:
            return 0.0
        nearness = (min(self._share, MAX_REPORTED_SHARE) - SLOW_DOWN_FROM_SHARE) / (
            MAX_REPORTED_SHARE - SLOW_DOWN_FROM_SHARE
        )
        return max(MIN_READ_PAUSE_SECONDS, nearness * MAX_READ_PAUSE_SECONDS)

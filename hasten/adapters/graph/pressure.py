"""Slows reads down while Graph reports that its limit is near."""

FROM = 0.8
MOST = 1.8
"""Graph sends x-ms-throttle-limit-percentage for shares of the limit between these two."""

LEAST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds to wait before one read."""

FORGOTTEN_AFTER = 10.0
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
        is_near = self._share >= FROM and at - self._heard_at < FORGOTTEN_AFTER
        if not is_near:
            return 0.0
        nearness = (min(self._share, MOST) - FROM) / (MOST - FROM)
        return max(LEAST_PAUSE, nearness * LONGEST_PAUSE)

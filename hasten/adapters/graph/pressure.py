"""How long to hold back a read while Graph says that its limit is near."""

FROM = 0.8
MOST = 1.8
"""Shares of the limit between which Graph sends x-ms-throttle-limit-percentage."""

LEAST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds, before one read."""

FORGOTTEN_AFTER = 10.0
"""Seconds: the window in which Graph counts resource units of one app in one tenant."""


class Pressure:
    """Times are seconds of one clock, whichever."""

    def __init__(self) -> None:
        self._share = 0.0
        self._heard_at = 0.0

    def hear(self, percentage: str | None, at: float) -> None:
        """`percentage` is the header of an answer. An answer without it says nothing: Graph does
        not promise it on each."""
        try:
            share = float(percentage or "")
        except ValueError:
            return
        self._share, self._heard_at = share, at

    def pause(self, at: float) -> float:
        """Seconds before the next read."""
        is_near = self._share >= FROM and at - self._heard_at < FORGOTTEN_AFTER
        if not is_near:
            return 0.0
        nearness = (min(self._share, MOST) - FROM) / (MOST - FROM)
        return max(LEAST_PAUSE, nearness * LONGEST_PAUSE)

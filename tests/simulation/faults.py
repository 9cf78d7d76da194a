"""What goes wrong between the hosts and the world, drawn from one seeded source."""

from collections import Counter
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How likely each fault is, 0 to 1, wherever it could strike.

    `…_before` fails without effect; `…_after` has the effect and only says that it failed.
    """

    store_conflict: float = 0.0
    store_before: float = 0.0
    store_after: float = 0.0
    bus_before: float = 0.0
    bus_partly: float = 0.0
    bus_after: float = 0.0
    lock_lost: float = 0.0
    """At each renewal: the lock is not renewed any more."""
    not_settled: float = 0.0
    """The connection breaks when a message that was handled is to be settled."""
    graph_throttled: float = 0.0
    graph_unavailable: float = 0.0
    graph_cut_before: float = 0.0
    graph_cut_after: float = 0.0
    graph_slow: float = 0.0
    notification_dropped: float = 0.0
    notification_repeated: float = 0.0
    notification_late: float = 0.0
    """By up to LATEST seconds: later ones overtake it."""
    app_throttled: float = 0.0
    app_unavailable: float = 0.0
    app_cut_before: float = 0.0
    app_cut_after: float = 0.0
    app_slow: float = 0.0
    app_ignores: float = 0.0
    """The app answers a write with success and does nothing."""
    app_late: float = 0.0
    """The app answers a write with success and does it later."""


CALM = Rates()
LATEST = 120.0
SLOWEST = 40.0
"""Seconds that a slow answer of Graph takes at most: longer than a read is waited for."""

THROTTLED_FOR = (1, 20)
"""Seconds of Retry-After."""

BROKEN_STATUS = (500, 502, 503, 504)


class Faults:
    """`counts` says how often each struck."""

    def __init__(self, random: Random) -> None:
        self.rates = CALM
        self.random = random
        self.counts: Counter[str] = Counter()

    def strikes(self, name: str) -> bool:
        """`name` is a field of Rates."""
        rate: float = getattr(self.rates, name)
        struck = rate > 0 and self.random.random() < rate
        self.counts[name] += struck
        return struck

    def of_graph(self) -> dict[str, object] | None:
        """For the emulated Graph's own list of faults, without the path."""
        if self.strikes("graph_throttled"):
            return {"status": 429, "retry_after": self.random.randint(*THROTTLED_FOR)}
        if self.strikes("graph_unavailable"):
            return {"status": self.random.choice(BROKEN_STATUS)}
        if self.strikes("graph_cut_before"):
            return {"drop_connection": True}
        if self.strikes("graph_cut_after"):
            return {"drop_connection": True, "after": True}
        return None

    def delay(self) -> float:
        """Seconds by which an answer of Graph is late."""
        return self.random.uniform(1.0, SLOWEST) if self.strikes("graph_slow") else 0.0

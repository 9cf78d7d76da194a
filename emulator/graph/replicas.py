"""Emulates several replicas of the directory; a random one answers each request."""

from collections.abc import Callable
from contextvars import ContextVar
from random import Random

from emulator.entra.behaviours import EntraBehaviours, Switches

REDRAWN_EVERY = 60.0
"""Seconds after which a replica's lag may change."""

_answering: ContextVar[int | None] = ContextVar("answering", default=None)


class Replicas:
    """The replicas. None lags by more than `replica_lag` seconds of the emulated clock, and none
    returns to an older state than it has shown."""

    def __init__(self, now: Callable[[], float], switches: Switches, random: Random) -> None:
        self._now = now
        self._switches = switches
        self._random = random
        self._horizons: dict[int, float] = {}
        self._lags: dict[int, tuple[float, float]] = {}

    def choose(self) -> None:
        """Chooses the replica of a request at its start; all reads in the same task use it."""
        behaviours = self._switches.now
        if not behaviours.replica_lag:
            _answering.set(None)
            return
        chosen = self._random.randrange(max(1, behaviours.replicas))
        now = self._now()
        until, lag = self._lags.get(chosen, (0.0, 0.0))
        if until <= now:
            lag = self._random.uniform(0.0, behaviours.replica_lag)
            self._lags[chosen] = (now + REDRAWN_EVERY, lag)
        self._horizons[chosen] = max(self._horizons.get(chosen, 0.0), now - lag)
        _answering.set(chosen)

    @property
    def lag(self) -> float:
        """Returns the lag in seconds of the replica that answers this request; 0 outside a
        request."""
        chosen = _answering.get()
        if chosen is None or chosen not in self._horizons or not self._switches.now.replica_lag:
            return 0.0
        lag = min(self._now() - self._horizons[chosen], self._switches.now.replica_lag)
        return max(0.0, lag)


NO_REPLICAS = Replicas(lambda: 0.0, Switches(EntraBehaviours.kind()), Random(0))

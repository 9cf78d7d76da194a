"""Groups the conditions under which a trigger's slots run: behaviours, randomness and the host's
state."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from emulator.functions.behaviours import HostBehaviours

STALLS = 0.5
"""Probability that a session slot stalls whose link was lost while its function ran. Microsoft's
code stalled in some patterns of cuts and not in others."""


@dataclass(frozen=True, slots=True)
class Conditions:
    behaviours: HostBehaviours
    random: Random
    is_stopping: Callable[[], bool]

    def settles_as_success(self, *, succeeded: bool) -> bool:
        """Returns whether the message is completed rather than abandoned."""
        return succeeded and not (self.is_stopping() and self.behaviours.abandon_on_stop)

    def stalls(self) -> bool:
        """Decides at random whether a slot that lost its link stalls from now on."""
        return self.behaviours.stall_lost_slots and self.random.random() < STALLS

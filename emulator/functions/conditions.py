"""Under which conditions the slots of a trigger run: the host's ways, its luck, its state."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from emulator.functions.behaviours import HostBehaviours

STALLS = 0.5
"""How likely a session slot stalls whose link was lost while its function ran. Microsoft's code
did so in some patterns of cuts and not in others."""


@dataclass(frozen=True, slots=True)
class Conditions:
    behaviours: HostBehaviours
    random: Random
    is_stopping: Callable[[], bool]

    def settles_as_success(self, *, succeeded: bool) -> bool:
        """Whether the message is completed, not abandoned."""
        return succeeded and not (self.is_stopping() and self.behaviours.abandon_on_stop)

    def stalls(self) -> bool:
        """Draws whether a slot that lost its link stands still from now on."""
        return self.behaviours.stall_lost_slots and self.random.random() < STALLS

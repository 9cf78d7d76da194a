"""Decides when the brake holds removals: when many users leave one group, or one target, at once,
an operator must look first."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

MOST_REMOVALS = 10
MOST_REMOVALS_PERCENT = 20
MOST_REMOVALS_OF_TARGET = 200

BRAKE_WINDOW = timedelta(minutes=10)
"""Period over which the brake counts removals: a script removes users one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The limits of the brake. `removals` and `percent` apply to one group; `of_target` limits the
    users who leave all groups of a target."""

    removals: int
    percent: int
    of_target: int

    def exceeded(self, *, removals: int, members_before: int) -> bool:
        """Returns whether so many removals are too many for a group that had `members_before`
        members."""
        return removals > max(self.removals, members_before * self.percent / 100)

    def members_needed(self, removals: int) -> int:
        """Returns how many members a group must have had for so many removals to be few enough."""
        return ceil(removals * 100 / self.percent)

    def may_be_exceeded(self, removals: int) -> bool:
        """Returns whether the number of members must be read to decide."""
        return removals > self.removals

    def exceeded_by_target(self, people: int) -> bool:
        """Returns whether so many users leave the groups of the target that the brake must hold
        them."""
        return people > self.of_target

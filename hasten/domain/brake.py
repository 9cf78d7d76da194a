"""The brake: many people leaving one group, or one target, at once are held until someone looks."""

from dataclasses import dataclass
from datetime import timedelta

MOST_REMOVALS = 10
MOST_PERCENT = 20
MOST_OF_TARGET = 200

BRAKE_WINDOW = timedelta(minutes=10)
"""Removals within it count as one: a script removes people one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """`removals` and `percent` are of one group; `of_target` people of all groups together."""

    removals: int
    percent: int
    of_target: int

    def exceeded(self, *, removals: int, members_before: int) -> bool:
        """Returns whether so many removals are too many for a group that had `members_before`
        members."""
        return removals > max(self.removals, members_before * self.percent / 100)

    def may_be_exceeded(self, removals: int) -> bool:
        """Returns whether the number of members must be read to decide."""
        return removals > self.removals

    def exceeded_by_target(self, people: int) -> bool:
        """Whether so many people leave the groups of the target that nobody can believe it."""
        return people > self.of_target

"""The brake: many people leaving one group at once are held until someone looks."""

from dataclasses import dataclass
from datetime import timedelta

MOST_REMOVALS = 10
MOST_PERCENT = 20

WINDOW = timedelta(minutes=10)
"""Removals of one group within it count as one: a script removes people one by one."""


@dataclass(frozen=True, slots=True)
class Threshold:
    removals: int
    percent: int

    def exceeded(self, *, removals: int, members_before: int) -> bool:
        """Whether `removals` of a group that had so many members are too many to believe."""
        return removals > max(self.removals, members_before * self.percent / 100)

    def may_be_exceeded(self, removals: int) -> bool:
        """Whether it is worth asking how many members the group had."""
        return removals > self.removals

"""Defines a part of an event, as a cancellation knows it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """`body` is the part as Hasten has encoded it, and `event` is the same for all parts of one
    event. `people` are object ids, or references to people whom the event names in another way."""

    body: bytes
    event: bytes
    people: Sequence[str]

    def is_for_nobody_but(self, people: Collection[str]) -> bool:
        """Returns whether the part has people, and these are all of them."""
        return bool(people) and set(self.people) <= set(people)

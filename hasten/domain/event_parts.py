"""Defines a part of an event, as a cancellation knows it."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """`body` is the part as Hasten has encoded it, and `event` is the same for all parts of one
    event. `people` are object ids, or references to people whom the event names in another way."""

    body: bytes
    event: bytes
    people: Sequence[str]

    @property
    def event_digest(self) -> str:
        return hashlib.sha256(self.event).hexdigest()

    @property
    def people_digest(self) -> str:
        return hashlib.sha256("|".join(self.people).encode()).hexdigest()[:32]

    def among(self, users: Sequence[str], people: Collection[str]) -> frozenset[str]:
        """Returns those of the part's users who are among `people`. The users have the order of the
        part. If the part names one of them twice, it returns all of them or nobody."""
        if len(users) != len(self.people):
            return frozenset(users if people and set(self.people) <= set(people) else ())
        named = zip(users, self.people, strict=True)
        return frozenset(user for user, name in named if name in people)

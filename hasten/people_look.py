"""Defines the message that asks to look at people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from hasten.chunks import chunks
from hasten.domain.changes import FoundBy
from hasten.json import Json
from hasten.limits import MAX_PEOPLE_PER_LOOK
from hasten.ports.bus import DIRECTORY_CHANGES, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLook:
    """Asks to read the accounts of `users`, at most MAX_PEOPLE_PER_LOOK.

    Hasten repeats the look for users of whom it saw no change (`looks` counts), because a replica
    that lags behind may have answered. `tries` counts failures. `doubts` means that Graph
    contradicts the rows of the users: the look compares with the rows instead of the roster.
    """

    queue = DIRECTORY_CHANGES
    most_tries = None
    kind = "people"
    """Distinguishes it from the looks at groups on the same queue, which have no kind."""

    users: frozenset[str]
    noticed_at: datetime
    found_by: FoundBy
    looks: int = 0
    tries: int = 0
    doubts: bool = False

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        body = {
            "kind": self.kind,
            "users": sorted(self.users),
            "noticed_at": self.noticed_at.isoformat(),
            "found_by": self.found_by,
            "looks": self.looks,
            "tries": self.tries,
            "doubts": self.doubts,
        }
        return Message(body=body, message_id=message_id, at=at)

    def tried_again(self) -> Self:
        return replace(self, tries=self.tries + 1)

    @classmethod
    def parse(cls, body: Json) -> Self:
        return cls(
            users=frozenset(body["users"]),
            noticed_at=datetime.fromisoformat(body["noticed_at"]),
            found_by=FoundBy(body["found_by"]),
            looks=int(body["looks"]),
            tries=int(body["tries"]),
            doubts=bool(body["doubts"]),
        )


def looks_at_people(
    users: Iterable[str], *, found_by: FoundBy, now: datetime
) -> Sequence[PeopleLook]:
    """Returns looks that name each user once."""
    return [
        PeopleLook(users=frozenset(some), noticed_at=now, found_by=found_by)
        for some in chunks(sorted(users), MAX_PEOPLE_PER_LOOK)
    ]

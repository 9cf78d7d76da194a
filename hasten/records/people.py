"""What events have last said of each person as a whole: into which groups they brought the person,
and when the person was to leave all of them.

The directory shows a membership late, and an intent is forgotten in time; this is neither. Both an
onboarding and an offboarding write it before their intents: of two at once, one sees the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from hasten.domain.changes import Cause
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records.repository import Rows, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The newest event that wanted the person in a group; `name` where it had no id yet."""

    time: datetime
    cause: Cause
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`left_at` is the time of the newest event by which the person left the target altogether."""

    target: str
    user: str
    joined: Mapping[str, Joined] = field(default_factory=dict)
    left_at: datetime | None = None

    def is_gone(self, before: datetime) -> bool:
        left = self.left_at
        return (
            left is not None
            and left < before
            and all(joined.time <= left for joined in self.joined.values())
        )


class People:
    def __init__(self, store: Store) -> None:
        self._rows = Rows(store, SHAPE)

    async def join(
        self, target: str, group: str, users: Sequence[str], joined: Joined
    ) -> Mapping[str, Person]:
        """Notes that an event wants `users` in `group`; what is known of them, by user."""
        return await self._note(
            [Person(target=target, user=user, joined={group: joined}) for user in users]
        )

    async def leave(
        self, target: str, users: Sequence[str], time: datetime
    ) -> Mapping[str, Person]:
        """Notes that `users` leave the target altogether; what is known of them, by user."""
        return await self._note([Person(target=target, user=user, left_at=time) for user in users])

    async def find(self, target: str, user: str) -> Person | None:
        return await self._rows.find(target, user)

    async def forget(self, target: str, before: datetime) -> int:
        """Deletes what is known of people who left before then and joined nothing since."""
        known = await self._rows.listed(target, "")
        return await self._rows.remove(
            [person for person in known if person.is_gone(before)], lambda p: p.is_gone(before)
        )

    async def _note(self, news: Sequence[Person]) -> Mapping[str, Person]:
        known: dict[str, Person] = {}

        def decide(stored: Person | None, new: Person) -> Person | None:
            known[new.user] = merged = _merged(stored, new)
            return merged if merged != stored else None

        await self._rows.update(news, decide)
        return known


def _merged(stored: Person | None, new: Person) -> Person:
    if stored is None:
        return new
    joined = dict(stored.joined)
    for group, event in new.joined.items():
        if group not in joined or joined[group].time <= event.time:
            joined[group] = event
    left = [at for at in (stored.left_at, new.left_at) if at is not None]
    return replace(stored, joined=joined, left_at=max(left, default=None))


def _body(person: Person) -> Json:
    return {
        "target": person.target,
        "user": person.user,
        "joined": {
            group: {**asdict(event), "time": event.time.isoformat()}
            for group, event in person.joined.items()
        },
        "left_at": person.left_at.isoformat() if person.left_at else None,
    }


def _parse(body: Json) -> Person:
    left_at: Any = body["left_at"]
    return Person(
        target=str(body["target"]),
        user=str(body["user"]),
        joined={
            group: Joined(
                time=datetime.fromisoformat(event["time"]),
                cause=Cause(**event["cause"]),
                name=str(event["name"]),
            )
            for group, event in body["joined"].items()
        },
        left_at=datetime.fromisoformat(left_at) if left_at else None,
    )


SHAPE: Shape[Person] = Shape(
    collection="people",
    forms=("",),
    partition=lambda person: person.target,
    form=lambda _: "",
    name=lambda person: person.user,
    body=_body,
    parse=_parse,
)

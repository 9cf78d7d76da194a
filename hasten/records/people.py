"""Stores what events last said about each person as a whole: the groups they brought the person
into, and when the person was to leave all groups.

The directory shows a membership late, and an intent is deleted in time; this record is exact.
Onboarding and offboarding both write it before their intents, so that of two concurrent events one
sees the other.
"""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from hasten.chunks import chunks
from hasten.domain.changes import Cause
from hasten.domain.intents import Wanted
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records.fields import moment
from hasten.records.old_rows import delete_old
from hasten.records.repository import Repository
from hasten.records.row_mapping import RowMapping
from hasten.records.values import values

PEOPLE_AT_ONCE = 100
"""People who move before the next ones: what has moved stays moved after a crash."""

FOR_EVER = datetime.max.replace(tzinfo=UTC)
"""The `left_at` of a person whose record cannot be read, so that no event counts as newer."""

MOST_GROUPS_STORED = 500
MOST_NAMES_STORED = 20
"""Maximum number of groups stored for one person (the newest are kept), and how many of them keep
their name, which is needed until the group has an id. With the longest names this takes 150 KiB; a
document takes 256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestJoin:
    """The newest event that wanted the person in a group: its time and the digest of its cause.
    `name` is set if the group had no id yet."""

    time: datetime
    cause: str
    name: str = ""

    def outlasts(self, onboarding: Cause, time: datetime) -> bool:
        """Returns whether this event keeps the person in the group when the onboarding ends, which
        has this time. The end of an onboarding ends only that onboarding, and one of the same
        time."""
        return self.cause != digest_of(onboarding) and self.time != time


def digest_of(cause: Cause) -> str:
    """Returns a short digest that distinguishes events, however long their source and id are."""
    return hashlib.sha256(f"{len(cause.source)}|{cause.source}{cause.id}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Person:
    """One person in one target. `left_at` is the time of the newest event that removed the person
    from the whole target. `later` stores, for each wish about a group, the time of the newest event
    that was deferred: an older event that arrives at its own time is stale. `user` is an object id,
    or represents the key by which an event names a user who does not exist yet."""

    target: str
    user: str
    joined: Mapping[str, LatestJoin] = field(default_factory=dict)
    left_at: datetime | None = None
    later: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def is_unreadable(self) -> bool:
        """Returns whether this stands in for a stored record that cannot be read."""
        return self.left_at == FOR_EVER

    def is_gone(self, before: datetime, deferred_before: datetime) -> bool:
        """Returns whether nothing stored here can matter to a future event."""
        left = self.left_at
        if any(at >= deferred_before for at in self.later.values()):
            return False
        if left is None:
            return not self.joined
        return left < before and all(joined.time <= left for joined in self.joined.values())

    def is_deferred(self, wanted: str, groups: Collection[str], since: datetime) -> bool:
        """Returns whether an event newer than `since` wants the same for one of the groups at a
        time of its own."""
        return any(self.later.get(f"{wanted}|{group}", since) > since for group in groups)


class People:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = Repository(store, MAPPING)

    async def join(
        self,
        target: str,
        group: str,
        users: Sequence[str],
        joined: LatestJoin,
        *,
        names: Collection[str] = (),
    ) -> Mapping[str, Person]:
        """Notes that an event wants `users` in `group`, unless a newer event wants it at a time of
        its own. `names` are others by which that event may have named the group. Returns what is
        known about each user. A user whose record cannot be read gets a stand-in, and nothing is
        noted about them."""
        return await self._note(
            [Person(target=target, user=user, joined={group: joined}) for user in users],
            {group, *names},
        )

    async def leave(
        self, target: str, users: Sequence[str], time: datetime
    ) -> Mapping[str, Person]:
        """Notes that `users` leave the target altogether. Returns what is known about each user."""
        return await self._note([Person(target=target, user=user, left_at=time) for user in users])

    async def defer(
        self,
        target: str,
        users: Collection[str],
        wanted: str,
        groups: Collection[str],
        time: datetime,
    ) -> None:
        """Notes that the event with this `time` wants something for the groups at a later time."""
        later = {f"{wanted}|{group}": time for group in groups}
        await self._note([Person(target=target, user=user, later=later) for user in set(users)])

    async def find(self, target: str, user: str) -> Person | None:
        return await self._rows.find(target, user)

    async def move(self, target: str, heir: str, limit: int) -> bool:
        """Moves what is known to the target `heir`, which has taken the place of `target`: of what
        is known under both names the newest counts. What cannot be read stays. Reads at most
        `limit` people, and returns False if there may be more."""
        read = await self._rows.listed(target, "", limit=limit)
        people = [one for one in read if not one.is_unreadable]
        for some in chunks(people, PEOPLE_AT_ONCE):
            known = await self._note([replace(one, target=heir) for one in some])
            moved = [one for one in some if not known[one.user].is_unreadable]
            await asyncio.gather(*(self._rows.remove([one], one.__eq__) for one in moved))
        return len(read) < limit

    async def forget(self, target: str, before: datetime, *, deferred_before: datetime) -> int:
        """Deletes people who left before `before` and joined nothing since. Keeps those about whom
        an event since `deferred_before` was deferred. Returns how many it deleted."""
        return await delete_old(
            self._store, MAPPING, target, "", lambda one: one.is_gone(before, deferred_before)
        )

    async def _note(
        self, news: Sequence[Person], names: Collection[str] = ()
    ) -> Mapping[str, Person]:
        known: dict[str, Person] = {}

        def decide(stored: Person | None, new: Person) -> Person | None:
            known[new.user] = merged = _merged(stored, new, names)
            return merged if merged != stored else None

        await self._rows.update(news, decide)
        unread = [new for new in news if new.user not in known]
        return known | {new.user: _unreadable(new.target, new.user) for new in unread}


def _unreadable(target: str, user: str) -> Person:
    return Person(target=target, user=user, left_at=FOR_EVER)


def _merged(stored: Person | None, new: Person, names: Collection[str]) -> Person:
    if stored is None:
        return new
    joined = dict(stored.joined)
    for group, event in new.joined.items():
        is_newest = group not in joined or joined[group].time <= event.time
        if is_newest and not stored.is_deferred(Wanted.MEMBER, names, event.time):
            joined[group] = event
    later = dict(stored.later)
    for name, time in new.later.items():
        later[name] = max(time, later.get(name, time))
    newest = sorted(later.items(), key=itemgetter(1), reverse=True)[:MOST_GROUPS_STORED]
    left = [at for at in (stored.left_at, new.left_at) if at is not None]
    return replace(
        stored,
        joined=_newest(joined),
        left_at=max(left, default=None),
        later=dict(newest),
    )


def _newest(joined: Mapping[str, LatestJoin]) -> Mapping[str, LatestJoin]:
    ordered = sorted(joined.items(), key=lambda item: item[1].time, reverse=True)[
        :MOST_GROUPS_STORED
    ]
    named = [group for group, event in ordered if event.name][MOST_NAMES_STORED:]
    return {group: replace(event, name="") if group in named else event for group, event in ordered}


def _body(person: Person) -> Json:
    return {
        "target": person.target,
        "user": person.user,
        "joined": {
            group: {**values(event), "time": event.time.isoformat()}
            for group, event in person.joined.items()
        },
        "left_at": person.left_at.isoformat() if person.left_at else None,
        "later": {name: time.isoformat() for name, time in person.later.items()},
    }


def _parse(body: Json) -> Person:
    left_at: Any = body["left_at"]
    return Person(
        target=str(body["target"]),
        user=str(body["user"]),
        joined={
            group: LatestJoin(
                time=moment(event["time"]),
                cause=str(event["cause"]),
                name=str(event["name"]),
            )
            for group, event in body["joined"].items()
        },
        left_at=moment(left_at) if left_at else None,
        later={name: moment(time) for name, time in body.get("later", {}).items()},
    )


MAPPING: RowMapping[Person] = RowMapping(
    collection="people",
    key_prefixes=("",),
    partition=lambda person: person.target,
    key_prefix=lambda _: "",
    name=lambda person: person.user,
    body=_body,
    parse=_parse,
    stand_in=lambda bad, name: _unreadable(bad.partition, name),
)

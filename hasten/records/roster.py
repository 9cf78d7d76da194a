"""Stores the people who are assigned to each target, directly or by a group, as Hasten last saw
their accounts."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.domain.sightings import Presence, Sighting, milliseconds
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records import discovered
from hasten.records.repository import Repository
from hasten.records.row_mapping import RowMapping

ROSTER_COLLECTION = "roster"

ROSTER_SHARDS = 128
"""Documents that share the people of one target. A document of 256 KiB holds 2,600 people, so that
all 300,000 objects of a tenant fit (Entra limits)."""


SHARDS_PER_COMMIT = 10
"""Ten full documents fit into one commit (Azure Tables takes 4 MiB)."""


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class RosterShard:
    target: str
    number: int
    people: Mapping[str, Sighting] = field(default_factory=dict)


Move = Callable[[Sighting | None], Sighting | None]
"""(stored of a user) → what to store, or None to leave it unchanged."""


class Roster:
    def __init__(self, store: Store) -> None:
        self._rows = Repository(store, MAPPING)

    async def find(self, target: str, user: str) -> Sighting | None:
        shard = await self._rows.find(target, _name(_number(user)))
        return shard.people.get(user) if shard else None

    async def load(self, target: str) -> Mapping[str, Sighting]:
        """Returns all people of a target."""
        shards = await self._rows.listed(target, "")
        return {user: seen for shard in shards for user, seen in shard.people.items()}

    async def add(self, target: str, users: Iterable[str], now: datetime) -> None:
        """Adds people who are not in the roster yet; their properties are not known."""
        new = Sighting(origin=milliseconds(now))
        await self.change(target, dict.fromkeys(users, lambda known: known or new))

    async def change(self, target: str, moves: Mapping[str, Move]) -> None:
        """Applies each move to what is stored of its user."""
        by_shard: dict[int, dict[str, Move]] = defaultdict(dict)
        for user, move in moves.items():
            by_shard[_number(user)][user] = move

        def decide(stored: RosterShard | None, given: RosterShard) -> RosterShard | None:
            before = stored.people if stored else {}
            people = dict(before)
            for user, move in by_shard[given.number].items():
                moved = move(people.pop(user, None))
                if moved is not None:
                    people[user] = moved
            if people == before:
                return None
            return RosterShard(target=target, number=given.number, people=people)

        shards = [RosterShard(target=target, number=number) for number in sorted(by_shard)]
        await self._rows.update(shards, decide)

    async def copy(self, target: str, heir: str) -> None:
        """Replaces the roster of the target `heir` by that of `target`."""
        await self.forget(heir)
        shards = await self._rows.listed(target, "")
        await self._rows.update([replace(s, target=heir) for s in shards], lambda _, shard: shard)

    async def forget(self, target: str) -> None:
        """Deletes the whole roster of a target."""
        await self._rows.remove(await self._rows.listed(target, ""), lambda _: True)


async def everyone(store: Store) -> frozenset[str]:
    """Returns the people of all targets."""
    people: set[str] = set()
    for found in await discovered.load_all(store):
        for document in await store.scan(ROSTER_COLLECTION, found.target):
            people.update(document.body["people"])
    return frozenset(people)


def _number(user: str) -> int:
    return hashlib.sha256(user.encode()).digest()[0] % ROSTER_SHARDS


def _name(number: int) -> str:
    return f"{number:03}"


def _body(shard: RosterShard) -> Json:
    people = {user: [s.presence, s.digest, s.origin] for user, s in shard.people.items()}
    return {"target": shard.target, "number": shard.number, "people": people}


def _parse(body: Json) -> RosterShard:
    listed: Mapping[str, Sequence[str]] = body["people"]
    return RosterShard(
        target=str(body["target"]),
        number=int(body["number"]),
        people={
            user: Sighting(presence=Presence(presence), digest=digest, origin=int(origin))
            for user, (presence, digest, origin) in listed.items()
        },
    )


MAPPING: RowMapping[RosterShard] = RowMapping(
    collection=ROSTER_COLLECTION,
    key_prefixes=("",),
    partition=lambda shard: shard.target,
    key_prefix=lambda _: "",
    name=lambda shard: _name(shard.number),
    body=_body,
    parse=_parse,
    rows_per_commit=SHARDS_PER_COMMIT,
)

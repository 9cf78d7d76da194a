"""Who has lately left which group of a target, and where the brake tripped: the brake's memory."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from hasten.domain.brake import WINDOW
from hasten.ports.store import Store
from hasten.records.repository import Rows, Shape

COLLECTION = "brakes"
LEFT = "left|"
TRIP = "trip|"

EVERYWHERE = "*"
"""Stands in for the group of a trip that holds the removals of every group of the target."""

SHARDS = 128
"""Documents that share the people of one group. A document of 256 KiB holds 10,000 people, so that
a group of a million leavers is counted right; a tenant has 300,000 objects (Entra limits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A share of the people who left one group: a short hash of each and when, in seconds."""

    target: str
    group: str
    number: int
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """From `at` on, for as long as the brake's window, every removal of the group is held."""

    target: str
    group: str
    at: datetime
    reason: str
    next_action: str


@dataclass(frozen=True, slots=True)
class Tally:
    """People who left within the window: in each group, and in all groups of the target, where
    a person who left several of them counts once."""

    groups: Mapping[str, int]
    people: int


class Removals:
    def __init__(self, store: Store) -> None:
        self._left = Rows(store, SHARD)
        self._trips = Rows(store, TRIPS)

    async def count(
        self, target: str, leavers: Mapping[str, Collection[str]], now: datetime
    ) -> Tally:
        """Adds those who leave, by group, and counts everybody who left within the window. Who
        is seen to leave twice counts once."""
        since = _seconds(now - WINDOW)

        def merge(known: Shard | None, new: Shard) -> Shard | None:
            old = _recent(known.left, since) if known else {}
            merged = replace(new, left={**new.left, **old})
            return merged if merged != known else None

        await self._left.update(_shards(target, leavers, _seconds(now)), merge)
        groups: dict[str, set[str]] = defaultdict(set)
        stale: list[Shard] = []
        for shard in await self._left.listed(target, LEFT):
            recent = _recent(shard.left, since)
            groups[shard.group].update(recent)
            if not recent:
                stale.append(shard)
        await self._left.remove(stale, lambda shard: not _recent(shard.left, since))
        people = set().union(*groups.values()) if groups else set()
        return Tally({group: len(left) for group, left in groups.items()}, len(people))

    async def trip(self, trip: Trip) -> None:
        """Notes that the brake tripped. A trip of the group that still holds stays as it is."""
        await self._trips.update([trip], lambda known, new: None if _lasts(known, new.at) else new)

    async def tripped(self, target: str, group: str, now: datetime) -> Trip | None:
        """The trip that holds the removals of the group: its own, or that of the target."""
        for of in (group, EVERYWHERE):
            trip = await self._trips.find(target, of)
            if trip is not None and _lasts(trip, now):
                return trip
        return None

    async def forget(self, target: str, group: str) -> None:
        """Forgets who left the group, and its trip: an operator has looked. People who leave later
        count anew. EVERYWHERE forgets all groups of the target."""
        prefix = "" if group == EVERYWHERE else f"{group}|"
        left = await self._left.listed(target, LEFT, prefix)
        trips = await self._trips.listed(target, TRIP)
        of = [trip for trip in trips if group in {EVERYWHERE, trip.group}]
        await self._left.remove(left, lambda _: True)
        await self._trips.remove(of, lambda _: True)


def _shards(target: str, leavers: Mapping[str, Collection[str]], at: int) -> Sequence[Shard]:
    left: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for group, users in leavers.items():
        for user in users:
            digest = hashlib.sha256(user.encode()).hexdigest()
            left[group, int(digest[-2:], 16) % SHARDS][digest[:12]] = at
    return [
        Shard(target=target, group=group, number=number, left=people)
        for (group, number), people in left.items()
    ]


def _recent(left: Mapping[str, int], since: int) -> dict[str, int]:
    return {user: at for user, at in left.items() if at > since}


def _lasts(trip: Trip | None, now: datetime) -> bool:
    return trip is not None and now - trip.at < WINDOW


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


SHARD: Shape[Shard] = Shape(
    collection=COLLECTION,
    forms=(LEFT,),
    partition=lambda shard: shard.target,
    form=lambda _: LEFT,
    name=lambda shard: f"{shard.group}|{shard.number:03}",
    body=asdict,
    parse=lambda body: Shard(**body),
)
TRIPS: Shape[Trip] = Shape(
    collection=COLLECTION,
    forms=(TRIP,),
    partition=lambda trip: trip.target,
    form=lambda _: TRIP,
    name=lambda trip: trip.group,
    body=lambda trip: {**asdict(trip), "at": trip.at.isoformat()},
    parse=lambda body: Trip(**{**body, "at": datetime.fromisoformat(body["at"])}),
)

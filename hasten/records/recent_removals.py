"""Stores who left which group of a target recently, and where the brake tripped."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.domain.brake import BRAKE_WINDOW
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records.fields import moment
from hasten.records.repository import Repository
from hasten.records.row_mapping import RowMapping
from hasten.records.values import values

RECENT_REMOVALS_COLLECTION = "brakes"
LEFT_PREFIX = "left|"
TRIP_PREFIX = "trip|"

WHOLE_TARGET = "*"
"""Takes the place of the group in a trip that holds the removals of every group of the target."""

REMOVAL_SHARDS = 128
"""Documents that share the users of one group. A document of 256 KiB holds 10,000 users, so that
even a group with a million leavers is counted correctly; a tenant has 300,000 objects (Entra
limits)."""


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class RemovalShard:
    """A share of the users who left one group: a short hash of each and the time in seconds."""

    target: str
    group: str
    number: int
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Trip:
    """A trip of the brake. From `at` on, for the length of the brake's window, the brake holds
    every removal of the group. `reported` is how many people had left when Hasten last raised its
    alert; 0 if that is not known."""

    target: str
    group: str
    at: datetime
    reason: str
    next_action: str
    reported: int = 0

    def has_grown(self, count: int) -> bool:
        """Returns whether at least twice as many people have left as the last alert said."""
        return 0 < 2 * self.reported <= count


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class UnreadMemory:
    """Stands in for a shard or a trip that cannot be read. It counts as a trip that is in force
    until an operator has decided. If its key does not say which group it is about, that is
    WHOLE_TARGET."""

    target: str
    key: str

    @property
    def group(self) -> str:
        kind, _, rest = self.key.partition("|")
        group = rest.partition("|")[0]
        return group if f"{kind}|" in {LEFT_PREFIX, TRIP_PREFIX} and group else WHOLE_TARGET

    def as_trip(self, now: datetime) -> "Trip":
        return Trip(
            target=self.target,
            group=self.group,
            at=now,
            reason="the record of the brake cannot be read, so nobody knows how many people left",
            next_action=f"check who left; if it is intended: python -m hasten release {self.target}"
            ", which counts anew; else: correct the group, then discard",
        )


Memory = RemovalShard | Trip | UnreadMemory


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of users who left within the window: per group, and in all groups of the target, where
    a user who left several groups counts once. `trips` are those still in force, by group."""

    groups: Mapping[str, int]
    people: int
    trips: Mapping[str, Trip]
    _leavers: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The short hashes of the users who left, by group."""

    def left(self, group: str) -> int:
        return self.people if group == WHOLE_TARGET else self.groups.get(group, 0)

    def size_before(self, group: str, there: Collection[str]) -> int:
        """Returns how many people the group had before anybody left. `there` are those whom a list
        shows now: somebody who left may be among them, since Entra ID removes them later, a replica
        lags, or a disabled user stays a member."""
        leavers = self._leavers.get(group, ())
        return len(leavers) + sum(_short_hash(user) not in leavers for user in there)

    def trip(self, group: str) -> Trip | None:
        """Returns the trip that holds the removals of the group: its own, or that of the target."""
        return self.trips.get(group) or self.trips.get(WHOLE_TARGET)


class RecentRemovals:
    def __init__(self, store: Store) -> None:
        self._rows = Repository(store, MAPPING)

    async def count(
        self, target: str, leavers: Mapping[str, Collection[str]], now: datetime
    ) -> Tally:
        """Adds leavers by group, and returns the counts of everyone who left within the window.
        Each user is counted once, however often they leave. `leavers` count although `forget` may
        delete them at that moment."""
        since = _seconds(now - BRAKE_WINDOW)

        def merge(known: Memory | None, new: Memory) -> Memory | None:
            if not (isinstance(known, RemovalShard) and isinstance(new, RemovalShard)):
                return new
            merged = replace(new, left={**new.left, **_recent(known.left, since)})
            return merged if merged != known else None

        shards = _shards(target, leavers, _seconds(now))
        await self._rows.update(shards, merge, read=self._rows.as_new)
        own = {g: set(map(_short_hash, users)) for g, users in leavers.items() if users}
        groups: dict[str, set[str]] = defaultdict(set, own)
        trips: dict[str, Trip] = {}
        stale: list[Memory] = []
        for row in await self._rows.listed(target, ""):
            if isinstance(row, RemovalShard) and (recent := _recent(row.left, since)):
                groups[row.group].update(recent)
            elif isinstance(row, Trip) and _lasts(row, now):
                trips[row.group] = row
            elif isinstance(row, UnreadMemory):
                trips.setdefault(row.group, row.as_trip(now))
            else:
                stale.append(row)
        await self._rows.remove(stale, lambda row: not _is_fresh(row, since, now))
        people = set().union(*groups.values()) if groups else set()
        counts = {group: len(left) for group, left in groups.items()}
        return Tally(counts, len(people), trips, groups)

    async def trip(self, trip: Trip) -> None:
        """Saves that the brake tripped, or how many people have left since. A trip of the group
        that is still in force ends no later, and one that cannot be read stays."""
        rows = await self._rows.listed(trip.target, "")
        if any(isinstance(row, UnreadMemory) and row.group == trip.group for row in rows):
            return

        def merge(known: Memory | None, new: Memory) -> Memory | None:
            if isinstance(known, Trip) and isinstance(new, Trip) and _lasts(known, new.at):
                return replace(new, at=known.at)
            return new

        await self._rows.update([trip], merge)

    async def tripped(self, target: str, group: str, now: datetime) -> Trip | None:
        """Returns the trip that holds the removals of the group: its own, or that of the target."""
        rows = await self._rows.listed(target, "", TRIP_PREFIX)
        unread = [row.as_trip(now) for row in rows if isinstance(row, UnreadMemory)]
        lasting = [row for row in rows if isinstance(row, Trip) and _lasts(row, now)]
        trips = {trip.group: trip for trip in (*unread, *lasting)}
        return trips.get(group) or trips.get(WHOLE_TARGET)

    async def copy(self, target: str, heir: str) -> None:
        """Has the brake of the target `heir` count whom that of `target` counts, too. A document
        that cannot be read stays behind."""
        await self._copy(await self._readable(target), heir)

    async def move(self, target: str, heir: str) -> None:
        """Does what `copy` does, and has the brake of `target` count from zero."""
        rows = await self._readable(target)
        await self._copy(rows, heir)
        for row in rows:
            await self._rows.remove([row], row.__eq__)

    async def _readable(self, target: str) -> list[Memory]:
        rows = await self._rows.listed(target, "")
        return [row for row in rows if not isinstance(row, UnreadMemory)]

    async def _copy(self, rows: Sequence[Memory], heir: str) -> None:
        await self._rows.update([_renamed(row, heir) for row in rows], _both)

    async def forget(self, target: str, group: str) -> None:
        """Deletes who left the group, and its trip, because an operator has decided. Later leavers
        are counted from zero. WHOLE_TARGET deletes all groups of the target."""
        rows = await self._rows.listed(target, "")
        of = [row for row in rows if group in {WHOLE_TARGET, row.group}]
        await self._rows.remove(of, lambda _: True, also_unreadable=True)


def _shards(target: str, leavers: Mapping[str, Collection[str]], at: int) -> Sequence[Memory]:
    left: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for group, users in leavers.items():
        for user in users:
            number = hashlib.sha256(user.encode()).digest()[-1] % REMOVAL_SHARDS
            left[group, number][_short_hash(user)] = at
    return [
        RemovalShard(target=target, group=group, number=number, left=people)
        for (group, number), people in left.items()
    ]


def _short_hash(user: str) -> str:
    return hashlib.sha256(user.encode()).hexdigest()[:12]


def _both(known: Memory | None, new: Memory) -> Memory:
    """Returns the count of the people of both, or the trip that lasts longer."""
    match known, new:
        case RemovalShard(), RemovalShard():
            return replace(new, left={**new.left, **known.left})
        case Trip(), Trip():
            return max(known, new, key=lambda trip: trip.at)
    return new


def _renamed(row: Memory, heir: str) -> Memory:
    if not isinstance(row, Trip):
        return replace(row, target=heir)
    return replace(row, target=heir, next_action=advice_for(heir, row.target, row.next_action))


def advice_for(heir: str, target: str, next_action: str) -> str:
    """Returns the operator's next action with the name `heir` in place of `target`, which
    targets.yaml has no more."""
    return next_action.replace(f"hasten release {target}", f"hasten release {heir}")


def _recent(left: Mapping[str, int], since: int) -> dict[str, int]:
    return {user: at for user, at in left.items() if at > since}


def _lasts(trip: Trip, now: datetime) -> bool:
    return now - trip.at < BRAKE_WINDOW


def _is_fresh(row: Memory, since: int, now: datetime) -> bool:
    if isinstance(row, UnreadMemory):
        return True
    return _lasts(row, now) if isinstance(row, Trip) else bool(_recent(row.left, since))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _name(row: Memory) -> str:
    match row:
        case UnreadMemory():
            return row.key
        case Trip():
            return f"{TRIP_PREFIX}{row.group}"
        case RemovalShard():
            return f"{LEFT_PREFIX}{row.group}|{row.number:03}"


def _body(row: Memory) -> Json:
    """Hasten never stores an UnreadMemory."""
    return {**values(row), "at": row.at.isoformat()} if isinstance(row, Trip) else values(row)


def _parse(body: Json) -> Memory:
    if "left" in body:
        if not all(isinstance(at, int) for at in body["left"].values()):
            raise ValueError("a time is no number of seconds")
        return RemovalShard(**body)
    return Trip(**{**body, "at": moment(body["at"])})


MAPPING: RowMapping[Memory] = RowMapping(
    collection=RECENT_REMOVALS_COLLECTION,
    key_prefixes=("",),
    partition=lambda row: row.target,
    key_prefix=lambda _: "",
    name=_name,
    body=_body,
    parse=_parse,
    stand_in=lambda bad, name: UnreadMemory(target=bad.partition, key=name),
)

"""Holds the directory against the newest event of each person and group: the membership is as that
event wants it, unless people changed it later by hand."""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.graph.objects import Entity
from emulator.graph.seed import TOTAL
from hasten.domain.changes import DIRECT
from hasten.domain.intents import NAMED, THE_GROUP, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.json import Json
from hasten.records import stops
from tests.simulation.bus import epoch
from tests.simulation.oracle import assigned
from tests.simulation.upstream import ENSURE_GROUP, OFFBOARD, ONBOARD
from tests.simulation.world import World

OUTCOMES = "provisioning-outcomes/subscriptions/all"
EVERY = 30.0
"""Seconds of virtual time between two looks."""

SETTLED_AFTER = 300.0
"""Seconds that a difference must last to count. A request of a stalled host takes effect up to two
minutes late, and is undone at the next timer after that."""

NOT_DONE = frozenset({REJECTED, "stale", "moved", "observed", "failed"})


@dataclass(frozen=True, order=True)
class Wish:
    """What an event wants of one person and one group. Of two with one time, the one that takes
    access away is the greater."""

    time: float
    is_absent: bool
    event: str


@dataclass(frozen=True)
class Posted:
    """An event, and the assigned groups in which each user was when it was posted."""

    body: bytes
    groups_then: Mapping[str, Collection[str]]


class Newest:
    """`false` has one line for each intent that Hasten had brought about, as its store said, while
    the directory was otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since: dict[tuple[str, str], float] = {}
        self.false: dict[tuple[str, str], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if await stops.find(self._world.store, "TOTAL"):
                self._since = {}  # Hasten may not undo what a stalled host did
            else:
                self.look()

    def look(self) -> None:
        differing = {(i["group"], i["user"]): i for i in self._done() if self._differs(i)}
        self._since = {pair: self._since.get(pair, epoch()) for pair in differing}
        for pair, intent in differing.items():
            if epoch() - self._since[pair] >= SETTLED_AFTER:
                said = f"the intent {intent['wanted']} of {pair[1]} in {pair[0]} is done"
                self.false.setdefault(pair, f"{said} ({intent['outcome']}), and is not so")

    def _done(self) -> Iterator[Json]:
        for key, text, _ in self._world.store.texts("intents", "TOTAL"):
            if not key.startswith("done|") or key.endswith("|in_step"):
                continue
            intent: Json = json.loads(text)
            is_person = intent["user"] != THE_GROUP and not intent["group"].startswith(NAMED)
            if is_person and intent["outcome"] not in NOT_DONE:
                yield intent

    def _differs(self, intent: Json) -> bool:
        group, user = intent["group"], intent["user"]
        time = _time(intent)
        there = is_in(self._world, group, user)
        is_wanted = intent["wanted"] == Wanted.MEMBER
        return there is not None and there != is_wanted and not self._is_by_hand(group, user, time)

    def _is_by_hand(self, group: str, user: str, time: float) -> bool:
        return self._world.admin.changed_since(time, group, user)

    def broken_at_the_end(self, posted: Sequence[Posted]) -> list[str]:
        """One line for each pair for which the directory is not as the newest event wants."""
        refused, left = self._refused(), self._left_all(posted)
        lines = []
        for (group, user), wish in sorted(self._wishes(posted).items()):
            names = {(wish.event, g, u) for g in ("", NAMED, group) for u in ("", user)}
            is_refused = bool(refused & names)
            there = is_in(self._world, group, user)
            if there is None or there != wish.is_absent or is_refused:
                continue
            if not wish.is_absent and left.get(user, 0.0) >= wish.time:
                continue  # Graph may have shown more groups than there were when it was posted
            if not self._is_by_hand(group, user, wish.time):
                wanted = "absent" if wish.is_absent else "member"
                lines.append(f"{user} is not {wanted} of {group}, as {wish.event} wanted last")
        return lines

    def _wishes(self, posted: Sequence[Posted]) -> dict[tuple[str, str], Wish]:
        """The newest wish by group and user."""
        newest: dict[tuple[str, str], Wish] = {}
        for one in posted:
            event = json.loads(one.body)
            wish = Wish(_time(event), event["type"] == OFFBOARD, event["id"])
            for pair in self._pairs(event, one.groups_then):
                newest[pair] = max(wish, newest.get(pair, wish))
        return newest

    def _left_all(self, posted: Sequence[Posted]) -> dict[str, float]:
        """When each user was to leave all groups last."""
        events = [json.loads(one.body) for one in posted]
        return {
            self._user(ref): _time(event)
            for event in sorted(events, key=_time)
            if event["type"] == OFFBOARD and "groups" not in event["data"]
            for ref in event["data"]["users"]
        }

    def _pairs(self, event: Json, then: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
        """An offboard without groups is about the direct assignment, and about every assigned group
        in which the person was."""
        data = event["data"]
        users = [self._user(ref) for ref in data.get("users") or data.get("members") or ()]
        match event["type"]:
            case t if t in {ONBOARD, ENSURE_GROUP}:
                groups = self._groups([data["group"]]) if "group" in data else [DIRECT]
            case t if t == OFFBOARD and "groups" in data:
                groups = self._groups(data["groups"])
            case t if t == OFFBOARD:
                still = assigned(self._world.tenant, TOTAL)
                return [(DIRECT, user) for user in users] + [
                    (group, user)
                    for user in users
                    for group in then[user]
                    if group in still and not self._is_by_hand(DIRECT, group, _time(event))
                ]
            case _:
                groups = []
        return [(group, user) for group in groups for user in users]

    def _user(self, ref: dict[str, str]) -> str:
        if "id" in ref:
            return ref["id"]
        users = self._world.tenant.directory.users.values()
        return next(u.id for u in users if u.properties["userPrincipalName"] == ref["upn"])

    def _groups(self, refs: Sequence[dict[str, str]]) -> list[str]:
        """Of a name that groups had one after another, the one that lives."""
        groups = self._world.tenant.directory.groups.values()
        return [
            group.id
            for ref in refs
            for group in groups
            if _is_live(group) and (group.id == ref.get("id") or group.name == ref.get("name"))
        ]

    def _refused(self) -> frozenset[tuple[str, str, str]]:
        """Event, group (NAMED for any without an id) and user of what Hasten told the producers
        that it rejected."""
        told: list[Any] = [m.body["data"] for m in self._world.bus.waiting(OUTCOMES)]
        return frozenset(
            (cause["id"], NAMED if data["group"].startswith(NAMED) else data["group"], data["user"])
            for data in told
            if data["result"] == REJECTED
            for cause in data["causes"]
        )


def is_in(world: World, group: str, user: str) -> bool | None:
    """None for a person or group that was deleted."""
    directory = world.tenant.directory
    person = directory.users.get(user)
    if person is None or not _is_live(person):
        return None
    if group == DIRECT:
        return user in assigned(world.tenant, TOTAL)
    found = directory.groups.get(group)
    return None if found is None or not _is_live(found) else user in found.members


def _time(event: Json) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def _is_live(entity: Entity) -> bool:
    return entity.deleted_at is None

"""What the events of a storm want of each person and group, by what Hasten documents about them:
the event with the newest time counts, and when all dates have passed, its last date does."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from emulator.graph.objects import Entity
from emulator.graph.seed import TOTAL
from hasten.domain.changes import DIRECT
from hasten.json import Json
from hasten.onboard.defer import end_id
from tests.simulation.oracle import assigned
from tests.simulation.upstream import ENSURE_GROUP, OFFBOARD, ONBOARD
from tests.simulation.world import World

Pair = tuple[str, str]
"""Group and user."""


@dataclass(frozen=True, order=True)
class Wish:
    """What an event wants of one person and one group. Of two with one time, the one that takes
    access away is the greater. It takes effect at `since`."""

    time: float
    is_absent: bool
    event: str
    since: float


@dataclass(frozen=True)
class Posted:
    """An event, and the groups in which each user was when it took effect. `cancelled` are the ids
    of its start or end that an operator cancelled, `unclear` those for which that failed
    halfway, and `brought` says when an operator brought one of them forward, or nearly so."""

    body: bytes
    groups_then: dict[str, Collection[str]] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    brought: dict[str, datetime] = field(default_factory=dict)

    @property
    def event(self) -> Json:
        event: Json = json.loads(self.body)
        return event

    @property
    def start(self) -> datetime | None:
        """Before which nothing happens."""
        name = "endAt" if self.event["type"] == OFFBOARD else "startAt"
        return self._date(self.event["id"], name)

    @property
    def end(self) -> datetime | None:
        """Of an onboarding."""
        end = end_id(self.event["id"])
        is_onboarding = self.event["type"] == ONBOARD
        return self._date(end, "endAt") if is_onboarding and end not in self.cancelled else None

    @property
    def may_be_off(self) -> bool:
        """Whether an operator cancelled the event itself, or what became of a date is unknown."""
        return self.event["id"] in self.cancelled or bool(self.unclear)

    @property
    def wish(self) -> Wish:
        """The last one, which counts when all dates have passed. The end of an onboarding is as old
        as the onboarding."""
        time = datetime.fromisoformat(self.event["time"])
        since = max(time, self.end or self.start or time)
        is_absent = self.event["type"] == OFFBOARD or self.end is not None
        return Wish(time.timestamp(), is_absent, self.event["id"], since.timestamp())

    @property
    def leaves_all(self) -> bool:
        return self.event["type"] == OFFBOARD and "groups" not in self.event["data"]

    def _date(self, name: str, key: str) -> datetime | None:
        text = self.event["data"].get(key)
        date = datetime.fromisoformat(text) if text else None
        return date and min(date, self.brought.get(name, date))


class Wishes:
    """Those of `posted`, in the directory as it is now. Hasten has not carried out those whose ids
    are `observed`, or not all of them."""

    def __init__(
        self, world: World, posted: Sequence[Posted], observed: Collection[str] = ()
    ) -> None:
        self._world = world
        self._posted = posted
        self._observed = observed

    def newest(self) -> dict[Pair, tuple[Wish, Posted]]:
        newest: dict[Pair, tuple[Wish, Posted]] = {}
        for one in self._posted:
            wish = one.wish
            for pair in self._pairs(one):
                if pair not in newest or wish > newest[pair][0]:
                    newest[pair] = wish, one
        return newest

    def left_all(self) -> dict[str, float]:
        """The newest time of an event by which each user was to leave all groups."""
        return self._left_all(may_be_off=False)

    def may_have_left_all(self) -> dict[str, float]:
        """The same of those that an operator has, or may have, cancelled, and of those that came in
        observe mode. Older events stay overtaken."""
        return self._left_all(may_be_off=True)

    def _left_all(self, *, may_be_off: bool) -> dict[str, float]:
        found: dict[str, float] = {}
        for one in self._posted:
            is_off = one.may_be_off or one.event["id"] in self._observed
            if one.leaves_all and is_off is may_be_off:
                for user in self._users(one.event["data"]):
                    found[user] = max(found.get(user, 0.0), one.wish.time)
        return found

    def _pairs(self, one: Posted) -> list[Pair]:
        """An offboard without groups is about the direct assignment, and about every assigned group
        in which the person was."""
        data, users = one.event["data"], self._users(one.event["data"])
        match one.event["type"]:
            case t if t in {ONBOARD, ENSURE_GROUP}:
                groups = self._groups([data["group"]]) if "group" in data else [DIRECT]
            case t if t == OFFBOARD and "groups" in data:
                groups = self._groups(data["groups"])
            case t if t == OFFBOARD:
                return [(DIRECT, user) for user in users] + [
                    (group, user) for user in users for group in self._still_assigned(one, user)
                ]
            case _:
                groups = []
        return [(group, user) for group in groups for user in users]

    def _still_assigned(self, one: Posted, user: str) -> Iterator[str]:
        still, since = assigned(self._world.tenant, TOTAL), one.wish.since
        for group in one.groups_then.get(user, ()):
            if group in still and not self._world.admin.changed_since(since, DIRECT, group):
                yield group

    def _users(self, data: Json) -> list[str]:
        return [self._user(ref) for ref in data.get("users") or data.get("members") or ()]

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
            if is_live(group) and (group.id == ref.get("id") or group.name == ref.get("name"))
        ]


def is_in(world: World, group: str, user: str) -> bool | None:
    """None for a person or group that was deleted."""
    directory = world.tenant.directory
    person = directory.users.get(user)
    if person is None or not is_live(person):
        return None
    if group == DIRECT:
        return user in assigned(world.tenant, TOTAL)
    found = directory.groups.get(group)
    return None if found is None or not is_live(found) else user in found.members


def is_live(entity: Entity) -> bool:
    return entity.deleted_at is None

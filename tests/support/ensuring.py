"""A world with events whose intents `ensure` carries out."""

import asyncio
import heapq
import itertools
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hasten.domain.changes import Cause
from hasten.domain.intents import THE_GROUP, Intent, Wanted, group_key
from hasten.ensure.run import ensure
from hasten.errors import TemporaryError
from hasten.messages import Ensure
from hasten.policy import Allowance, GroupPolicy
from hasten.ports.bus import ENSURE, PROVISIONING_OUTCOMES
from hasten.records import made_groups
from hasten.records.intents import Intents
from hasten.targets import Target
from tests.support.virtual_time import now
from tests.support.world import TOTAL, World

RUN = Ensure(target=TOTAL)


class Onboarding(World):
    """Events may touch every group and assign people without one, unless a test says otherwise."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.strangers: set[str] = set()
        if not self.target.groups:
            everything = {"groups": (GroupPolicy(name="*"),), "direct": Allowance.ALLOW}
            self.target = self.target.model_copy(update=everything)
        self.intents = Intents(self.store)
        self._events = itertools.count(1)

    async def wants(
        self,
        group: str,
        *users: str,
        wanted: Wanted = Wanted.MEMBER,
        name: str = "",
        age: float = 2,
        event: str = "",
        time: datetime | None = None,
        **spec: Any,
    ) -> list[Intent]:
        """An event of `age` seconds; a group without an id is given by its name alone."""
        at = now() - timedelta(seconds=age)
        cause = Cause("/hr", event or f"event-{next(self._events)}")
        intents = [
            Intent(
                target=TOTAL,
                group=group or group_key(name),
                user=user,
                wanted=wanted,
                time=time or at,
                cause=cause,
                recorded_at=at,
                group_name=name,
                spec=spec,
                to_be_observed=self.target.observes,
            )
            for user in users or (THE_GROUP,)
        ]
        await self.intents.record(intents)
        return intents

    async def adopts(self) -> None:
        """An operator has adopted every group but the `strangers`, and but those of one name."""
        shown = [g for g in self.directory.group_objects.values() if g["id"] not in self.strangers]
        times = Counter(str(group["displayName"]).casefold() for group in shown)
        known = {one.id for one in await made_groups.load_all(self.store, TOTAL)}
        for group in shown:
            name = str(group["displayName"])
            if times[name.casefold()] == 1 and group["id"] not in known:
                await made_groups.adopt(self.store, TOTAL, name, str(group["id"]), now())

    async def ensures(self) -> None:
        await self.adopts()
        await ensure(self.context, RUN)

    async def ensures_until_done(self, *, tries: int = 40) -> None:
        """Delivers messages as Service Bus would; a message to be tried again is delivered at
        once."""
        for _ in range(tries):
            try:
                await self.ensures()
            except TemporaryError:
                continue
            opened = await self.intents.open_intents(TOTAL)
            if not opened:
                return
            until = min(intent.not_before or now() for intent in opened)
            await asyncio.sleep(max(0.0, (until - now()).total_seconds()))
        raise AssertionError("the intents never ended")

    async def members(self, group: str) -> set[str]:
        found = await self.directory.members(group)
        return {*found.ids, *(one.id for one in found.unread if one.id)}

    def told(self) -> list[tuple[str, str]]:
        """Returns (user, result) of every outcome, each id once, as on the topic."""
        by_id = {m.message_id: m.body for m in self.bus.of(PROVISIONING_OUTCOMES)}
        return [(body["data"]["user"], body["data"]["result"]) for body in by_id.values()]

    def reasons(self) -> list[str]:
        return [m.body["data"]["reason"] for m in self.bus.of(PROVISIONING_OUTCOMES)]

    def given(self, principal: str) -> list[str]:
        """The roles that a principal has at the target."""
        granted = itertools.chain.from_iterable(self.directory.granted.values())
        return [assignment.role for assignment in granted if assignment.principal == principal]


async def world_with(*users: str, target: Target | None = None) -> Onboarding:
    world = Onboarding(target=target) if target else Onboarding()
    await world.is_discovered()
    for known in users:
        world.directory.has_user(known)
    return world


class EnsureQueue:
    """The messages of the ensure queue, each delivered at its time, equal ones once a minute."""

    def __init__(self, world: Onboarding) -> None:
        self._world = world
        self._taken = 0
        self._waiting: list[tuple[datetime, int]] = []
        self._seen: set[str] = set()

    def take(self) -> int:
        """Delivers the due messages, and returns their number."""
        sent = self._world.bus.of(ENSURE)
        for index, message in enumerate(sent[self._taken :], start=self._taken):
            if message.message_id not in self._seen:
                self._seen.add(message.message_id)
                heapq.heappush(self._waiting, (message.at or now(), index))
        self._taken = len(sent)
        due = 0
        while self._waiting and self._waiting[0][0] <= now():
            heapq.heappop(self._waiting)
            due += 1
        return due

"""Events whose dates lie ahead: a start, a last day, or both. Their draws are their own: no other
draw depends on them."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING
from hasten.domain.changes import DIRECT
from tests.chaos.cast import CAST, Cast
from tests.chaos.operations import LATE, LATEST, Operations
from tests.chaos.wishes import Posted
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.15
"""How likely such an event is posted with an operation."""

AGAIN, RECENT = 0.5, 4
"""How likely it is about the people and the group of one of so many that were posted last."""

ALWAYS_KNOWN = 0.5
"""How likely it is about a group that the policy names by id: events may touch no other that nobody
has assigned."""

LONGEST = 480.0
"""Seconds to a start, and from there to an end: every date passes before the cycle comes."""

KINDS = {
    "onboard_from_a_date": 5,
    "onboard_until_a_date": 3,
    "onboard_for_a_while": 4,
    "offboard_at_a_date": 3,
    "offboard_from_a_group_at_a_date": 3,
}
WITH_A_START = {"onboard_from_a_date", "onboard_for_a_while"}
WITH_AN_END = KINDS.keys() - {"onboard_from_a_date"}


class Ahead:
    """`posted` are those events, which are among all others in `people.posted` too."""

    def __init__(self, world: World, people: Operations, random: Random) -> None:
        self._world = world
        self._people = people
        self._random = random
        self._cast = Cast(world.tenant.directory, random)
        self._about: list[dict[str, Any]] = []
        self.posted: list[Posted] = []

    async def maybe_post(self) -> None:
        if self._random.random() >= OFTEN:
            return
        [name] = self._random.choices(list(KINDS), list(KINDS.values()))
        kind, data = self._drawn(name)
        is_late = self._random.random() < LATE
        late = timedelta(seconds=self._random.uniform(0, LATEST)) if is_late else timedelta(0)
        body = await self._people.senders.post(kind, time=now() - late, **data)
        posted = Posted(body)
        self._world.around.outside.spawn(self.look_at_the_start(posted))
        self.posted.append(posted)
        self._people.posted.append(posted)
        self._people.counts[name] += 1

    def _drawn(self, name: str) -> tuple[str, dict[str, Any]]:
        """The type and the data of an event."""
        about = self._drawn_about()
        dates, at = {}, now()
        if name in WITH_A_START:
            at += self._a_while()
            dates["startAt"] = at.isoformat()
        if name in WITH_AN_END:
            at += self._a_while()
            dates["endAt"] = at.isoformat()
        if name.startswith("onboard"):
            return ONBOARD, {**about, **dates}
        groups = {"groups": [about["group"]]} if "from_a_group" in name else {}
        return OFFBOARD, {"users": about["users"], **groups, **dates}

    def _drawn_about(self) -> dict[str, Any]:
        if self._about and self._random.random() < AGAIN:
            return self._random.choice(self._about[-RECENT:])
        is_known = self._random.random() < ALWAYS_KNOWN
        groups = (TOTAL_ENGINEERING, TOTAL_ADMIN) if is_known else self._people.groups
        group = self._cast.named(groups)
        self._about.append({"users": self._cast.refs(most=2), "group": group})
        return self._about[-1]

    def _a_while(self) -> timedelta:
        return timedelta(seconds=self._random.uniform(1, LONGEST))

    async def look_at_the_start(self, posted: Posted) -> None:
        """Notes in which groups everybody is when the event takes effect."""
        start = posted.start or now()
        await asyncio.sleep(max(0.0, (start - now()).total_seconds()))
        if posted.event["id"] not in posted.brought:
            self.look(posted)

    def look(self, posted: Posted) -> None:
        if posted.leaves_all:
            posted.groups_then.update(self._people.groups_of_cast())
            return
        groups, direct = self._world.tenant.directory.groups.values(), self._people.assigned()
        for user in CAST:
            theirs = [group.id for group in groups if user in group.members]
            posted.groups_then[user] = [*theirs, *([DIRECT] if user in direct else [])]

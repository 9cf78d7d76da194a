"""People whom HR announces before IT has made their accounts: Hasten rejects and parks an event
about somebody whom Entra ID does not know, unless it starts later. The draws are their own: no
other draw depends on them."""

import asyncio
from datetime import timedelta
from random import Random

from tests.chaos.cast import Cast
from tests.chaos.operations import Operations
from tests.chaos.wishes import Posted
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.05
"""How likely somebody is announced with an operation."""

LONGEST = 200.0
"""Seconds until the account is there."""

STARTS = 0.3
"""How likely the event starts only after that."""

LEAVES = 0.3
"""How likely a newer event takes the person out of the group again, as soon as there is an
account."""


class Hires:
    def __init__(self, world: World, people: Operations, random: Random) -> None:
        self._world = world
        self._people = people
        self._random = random
        self._cast = Cast(world.tenant.directory, random)
        self._working: list[asyncio.Task[None]] = []

    def maybe_announce(self) -> None:
        if self._random.random() < OFTEN:
            self._working.append(self._world.around.outside.spawn(self._hire()))

    async def are_done(self) -> None:
        """Returns once everybody has an account."""
        await asyncio.gather(*self._working)

    async def _hire(self) -> None:
        upn = f"hired.person{len(self._working)}@contoso.example"
        group, users = self._cast.named(self._people.groups), [{"upn": upn}]
        comes_in = timedelta(seconds=self._random.uniform(1, LONGEST))
        later = {"startAt": (now() + 1.5 * comes_in).isoformat()}
        starts = later if self._random.random() < STARTS else {}
        leaves = self._random.random() < LEAVES
        await self._post(ONBOARD, users=users, group=group, **starts)
        self._people.counts["announce"] += 1
        await asyncio.sleep(comes_in.total_seconds())
        self._world.admin.create_user(upn)
        if leaves:
            await self._post(OFFBOARD, users=users, groups=[group])
            self._people.counts["call off"] += 1

    async def _post(self, kind: str, **data: object) -> None:
        body = await self._people.senders.post(kind, time=now(), **data)
        self._people.posted.append(Posted(body))

"""A group that two targets share is assigned and unassigned at random, while people come and go and
any sweep or look may die: nobody keeps an access that ended."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from random import Random

import pytest

from hasten.context import Context
from hasten.domain.changes import Action, State
from hasten.domain.row_states import finished
from hasten.errors import TemporaryError
from hasten.ports.directory_values import Assignment
from hasten.records import discovered
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

FIRST = Target(name=TOTAL, display_name=TOTAL)
WIKI = Target(name="WIKI", display_name="WIKI")
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
GRANT = Assignment(id="1", principal=ENGINEERING, kind="Group", role="r", created=None)
PEOPLE = [user(number) for number in range(8)]
STEPS, SETTLING = 24, 6
DYING_SWEEPS, DYING_LOOKS, FIRST_WRITES = 0.8, 0.2, 5


class Storm:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.store = CrashingStore()
        self.world = World(store=self.store)
        self.world.directory.groups = [ENGINEERING]
        self.world.directory.principals.append({"id": WIKI_APP, "displayName": "WIKI"})
        self.granted = self.world.directory.granted[WIKI_APP]
        self.granted.append(GRANT)
        self.world.directory.join(ENGINEERING, *PEOPLE[:5])
        self.context = Context(self.world.context.settings, (FIRST, WIKI), self.world)
        self.had_access = set(PEOPLE[:5])

    @property
    def members(self) -> set[str]:
        return {member.id for member in self.world.directory.members_now(ENGINEERING)}

    async def step(self) -> None:
        match self.random.choice(["flips", "moves", "moves", "ends", "sweeps", "looks", "looks"]):
            case "flips":
                self.granted[:] = [] if self.granted else [GRANT]
            case "moves":
                one, directory = self.random.choice(PEOPLE), self.world.directory
                (directory.leave if one in self.members else directory.join)(ENGINEERING, one)
            case "ends":
                for target in (FIRST, WIKI):
                    rows = await self.world.ledger.open_changes(target.name)
                    end = partial(finished, state=State.CONFIRMED, now=now())
                    await self.world.ledger.move(rows, end)
                    await self.world.context.outbox.flush(target.name)
            case "sweeps":
                await self.or_dies(sweep(self.context), DYING_SWEEPS)
            case _:
                await self.or_dies(look(self.context, a_look()), DYING_LOOKS)
        known = {one.target: one for one in await discovered.load_all(self.store)}
        if self.granted and known[WIKI.name].watches(ENGINEERING):
            self.had_access |= self.members
        await asyncio.sleep(self.random.choice([1, 20, 60, 150]))

    async def or_dies(self, work: Awaitable[None], how_often: float) -> None:
        if self.random.random() < how_often:
            after = self.random.random() < 0.5
            self.store.fuse = Fuse(self.random.randrange(FIRST_WRITES), after=after)
        with suppress(Killed, TemporaryError):
            await work
        self.store.fuse = Fuse(-1, after=False)


@pytest.mark.parametrize("seed", range(30))
def test_nobody_keeps_an_access_that_ended(seed: int) -> None:
    @virtual
    async def run() -> None:
        storm = Storm(Random(seed))  # noqa: S311 - no secret
        await sweep(storm.context)

        for _ in range(STEPS):
            await storm.step()
        for _ in range(SETTLING):
            await asyncio.sleep(60)
            await look(storm.context, a_look())
            await sweep(storm.context)

        ended = storm.had_access - (storm.members if storm.granted else set())
        rows = [await storm.world.ledger.find(WIKI.name, ENGINEERING, one) for one in ended]
        assert {row and row.action for row in rows} <= {Action.REMOVED}

    run()

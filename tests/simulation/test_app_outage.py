"""Up to two hundred people leave at once while the app is down for an hour, or refuses every third
read. Entra's answers and its provisioning log say that all of them are out."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from hasten.domain.app_account import Found
from hasten.domain.changes import State
from hasten.errors import TemporaryError
from hasten.ports.application import Throttled
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.fakes.application import FakeApplication
from tests.support.app_revocations import WAKE, has_left, world_with
from tests.support.verifying import log
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user

LEAVERS = [user(number) for number in range(200)]
OUTAGE = timedelta(hours=1)


class Down(FakeApplication):
    """Answers nobody until `until`."""

    until: datetime | None = None

    async def find(self, value: str) -> Found:
        if self.until is not None and now() < self.until:
            raise TemporaryError("the app did not answer: ConnectError", timedelta(seconds=15))
        return await super().find(value)


class Busy(FakeApplication):
    """Refuses every third read for ten seconds."""

    asked: int = 0

    async def find(self, value: str) -> Found:
        self.asked += 1
        if self.asked % 3 == 0:
            raise Throttled("the app answered 429", timedelta(seconds=10))
        return await super().find(value)


@pytest.mark.parametrize(("how", "people"), [("disabled", 50), ("unassigned", 100)])
@virtual
async def test_an_outage_of_an_hour_confirms_nobody_and_loses_nobody(how: str, people: int) -> None:
    leavers = LEAVERS[:people]
    app = Down()
    world = world_with(app, calls_per_minute=90)
    await has_left(world, *leavers)
    if how == "disabled":
        for leaver in leavers:
            world.directory.disable(leaver)
    for leaver in leavers:
        log(world, leaver, "disable")
    app.until = now() + OUTAGE

    await works(world, OUTAGE)
    assert not {State.CONFIRMED, State.DONE_BY_CYCLE}.intersection(await states(world, leavers))
    assert app.writes == []

    await works(world, timedelta(minutes=15))
    assert await states(world, leavers) == {State.CONFIRMED: len(leavers)}
    assert all(app.active(leaver) == [False] for leaver in leavers)


@virtual
async def test_an_app_that_refuses_every_third_read_delays_and_loses_nobody() -> None:
    app = Busy()
    world = world_with(app, calls_per_minute=90)
    await has_left(world, *LEAVERS)

    await works(world, timedelta(minutes=40))  # four times refused: by a call, and then read

    assert await states(world, LEAVERS) == {State.CONFIRMED: len(LEAVERS)}
    assert len(app.writes) == len(LEAVERS)


async def works(world: World, time: timedelta) -> None:
    """The timers `wake` and `verify` at their times."""
    until, minute = now() + time, 0
    while now() < until:
        await drain(world.context, WAKE)
        if minute % 5 == 0:
            await verify(world.context)
        minute += 1
        await asyncio.sleep(60)


async def states(world: World, leavers: list[str]) -> Counter[State]:
    rows = [await world.row(ENGINEERING, leaver) for leaver in leavers]
    return Counter(row.state for row in rows)

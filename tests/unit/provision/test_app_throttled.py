"""An app that answers only 429, for hours: people within Entra's reach are called, and the others
go on waiting for the app."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from hasten.domain.app_account import Found
from hasten.domain.app_revocation import MAX_APP_DELAY, MAX_APP_TRIES
from hasten.domain.changes import State
from hasten.ports.application import Throttled
from hasten.provision.drain import drain
from tests.fakes.application import FakeApplication
from tests.support.app_revocations import WAKE, has_left, row, world_with
from tests.support.virtual_time import START, now, virtual
from tests.support.world import World, user


@dataclass
class Busy(FakeApplication):
    """Answers 429 until `until`."""

    asks: timedelta = timedelta(seconds=60)
    until: datetime = START + timedelta(hours=3)

    async def find(self, value: str) -> Found:
        if now() < self.until:
            self.requests.append(("busy", value))
            raise Throttled("the app answered 429", self.asks)
        return await super().find(value)


async def works(world: World, time: timedelta, *, every: timedelta = timedelta(seconds=15)) -> None:
    until = now() + time
    while now() < until:
        await drain(world.context, WAKE)
        await asyncio.sleep(every.total_seconds())


@pytest.mark.parametrize("people", [1, 3, 40])
@pytest.mark.parametrize("asks", [1, 10, 60, 110, 600])
@virtual
async def test_people_within_reach_are_called_after_a_few_minutes(people: int, asks: int) -> None:
    app = Busy(asks=timedelta(seconds=asks))
    world = world_with(app)
    leavers = [user(n) for n in range(people)]
    await has_left(world, *leavers)

    await works(world, (1 + MAX_APP_TRIES) * MAX_APP_DELAY + timedelta(minutes=1))

    assert {name for call in world.directory.calls for name in call.users} == set(leavers)
    assert app.writes == []


@pytest.mark.parametrize(("asks", "most"), [(60, 2 * 60), (600, 2 * 6 * 2)])
@virtual
async def test_people_out_of_reach_wait_at_a_bounded_rate_and_are_taken_in_the_end(
    asks: int, most: int
) -> None:
    app = Busy(asks=timedelta(seconds=asks))
    world = world_with(app)
    leavers = [user(n) for n in range(20)]
    await has_left(world, *leavers)
    for one in leavers:
        world.directory.disable(one)

    await works(world, timedelta(hours=2), every=timedelta(minutes=1))
    waiting = {(await row(world, one)).state for one in leavers}
    asked = len(app.requests)
    await works(world, timedelta(minutes=71), every=timedelta(minutes=1))

    assert (waiting, world.directory.calls) == ({State.WAITING}, [])
    assert asked <= most
    assert all(app.active(one) == [False] for one in leavers)


@virtual
async def test_a_429_does_not_let_hasten_ask_sooner_for_somebody_out_of_reach() -> None:
    app = Busy(asks=timedelta(minutes=10))
    world = world_with(app)
    await has_left(world, user(1))
    world.directory.disable(user(1))

    await works(world, timedelta(minutes=9))

    assert len(app.requests) == 1

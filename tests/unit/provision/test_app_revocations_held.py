"""Hasten takes no access in the app while it observes, is stopped, or the brake holds."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import HeldBy, State
from hasten.domain.row_states import held
from hasten.operate.stop import stop
from hasten.provision.drain import drain
from hasten.records.stops import STOP_CHECK_KEPT
from hasten.targets import Mode
from tests.fakes.application import FakeApplication
from tests.support.app_revocations import LEAVER, WAKE, has_left, row, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


@virtual
async def test_observe_mode_writes_nothing_in_the_app() -> None:
    world = world_with(mode=Mode.OBSERVE)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.requests == []
    assert (await row(world)).state is State.HELD


@virtual
async def test_an_account_stays_active_while_the_brake_holds_the_removal() -> None:
    world = world_with()
    await has_left(world, LEAVER)
    await world.ledger.move(
        [await row(world)],
        lambda one: held(one, HeldBy.BRAKE, reason="many", next_action="release"),
    )

    await drain(world.context, WAKE)

    assert world.app.requests == []


@virtual
async def test_a_stop_between_the_read_and_the_write_ends_it() -> None:
    class Stops(FakeApplication):
        async def find(self, value: str) -> Any:
            await stop(world.context, TOTAL, by="operator", reason="odd")
            await asyncio.sleep(2)
            return await super().find(value)

    world = world_with(Stops())
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert (await row(world)).is_open


@pytest.mark.parametrize("tenths", range(80, 125, 3))
def test_a_stop_that_a_write_in_the_app_met_holds_for_the_next_call_too(tenths: int) -> None:
    """Whatever the moment at which the write met it."""

    class Stops(FakeApplication):
        async def find(self, value: str) -> Any:
            await stop(world.context, TOTAL, by="operator", reason="odd")
            await asyncio.sleep(tenths / 10)
            return await super().find(value)

    world = world_with(Stops())

    @virtual
    async def scenario() -> None:
        await has_left(world, LEAVER)
        await world.joined(ENGINEERING, *(user(number) for number in range(100, 130)))
        began, called = now(), list[timedelta]()
        provision = world.directory.provision_on_demand

        async def timed(*args: Any, **named: Any) -> Any:
            called.append(now() - began)
            return await provision(*args, **named)

        world.directory.provision_on_demand = timed  # type: ignore[method-assign]

        await drain(world.context, WAKE)

        assert called
        assert max(called) <= STOP_CHECK_KEPT
        assert (await row(world)).is_open

    scenario()

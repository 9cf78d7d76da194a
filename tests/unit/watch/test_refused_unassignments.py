"""A user whom an event unassigns, while Graph refuses that, has not been assigned again."""

import asyncio
from contextlib import suppress

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.errors import PermanentError, TemporaryError
from hasten.records import direct_assignments
from hasten.watch.sweep import sweep
from tests.support.ensuring import Onboarding, world_with
from tests.support.refusing import REFUSALS, Refusing
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, user

USER = user(1)


async def assigned() -> Onboarding:
    world = await world_with(USER)
    world.directory.grant(USER, kind="User")
    world.directory.assigned[USER] = [USER]
    await direct_assignments.save_sweep(world.store, TOTAL, [USER], [], {})
    return world


async def minutes(world: Onboarding, count: int) -> None:
    for _ in range(count):
        with suppress(PermanentError, TemporaryError):
            await world.ensures()
        await sweep(world.context)
        await asyncio.sleep(60)


@pytest.mark.parametrize("error", REFUSALS)
def test_no_sweep_gives_them_access_meanwhile(error: str) -> None:
    @virtual
    async def run() -> None:
        world = await assigned()
        await world.wants(DIRECT, USER, wanted=Wanted.ABSENT)
        refusing = Refusing(world, [USER], error)

        await minutes(world, 15)
        assert await world.ledger.open_changes(TOTAL) == []

        refusing.users.clear()
        await minutes(world, 8)
        assert (await world.row(DIRECT, USER)).action is Action.REMOVED

    run()


@virtual
async def test_who_is_assigned_again_by_hand_gets_access_once_the_event_has_ended() -> None:
    world = await assigned()
    await world.wants(DIRECT, USER, wanted=Wanted.ABSENT)
    await minutes(world, 4)
    assert not await world.intents.open_intents(TOTAL)

    world.directory.grant(USER, kind="User")
    await minutes(world, 2)

    assert (await world.row(DIRECT, USER)).action is Action.ADDED

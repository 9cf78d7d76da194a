"""An event may ask to have somebody provisioned as the directory shows the membership."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import Action
from hasten.domain.intents import Wanted
from hasten.ensure.settle import postpone
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.provision.drain import drain
from tests.support.ensuring import world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


@virtual
async def test_in_step_writes_nothing_to_the_directory_and_calls_as_it_is() -> None:
    world = await world_with(user(2))
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), user(2), wanted=Wanted.IN_STEP)

    await world.ensures()

    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    assert (await world.row(ENGINEERING, user(2))).action is Action.REMOVED
    assert not world.directory.writes


@virtual
async def test_in_step_calls_again_although_the_row_ended_well() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    await drain(world.context, Wake(target=TOTAL))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.IN_STEP, age=0)

    await world.ensures()
    await drain(world.context, Wake(target=TOTAL))

    assert len(world.directory.calls) == 2


@pytest.mark.parametrize("wanted", [Wanted.MEMBER, Wanted.ABSENT])
def test_a_person_is_brought_in_step_after_the_membership_was_changed(wanted: Wanted) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(user(1))
        if wanted is Wanted.ABSENT:
            await world.joined(ENGINEERING, user(1))
        [in_step] = await world.wants(ENGINEERING, user(1), wanted=Wanted.IN_STEP, age=3)
        [membership] = await world.wants(ENGINEERING, user(1), wanted=wanted)

        with pytest.raises(TemporaryError, match="a membership is changed first"):
            await world.ensures()
        assert await world.intents.open_intents(TOTAL) == [in_step]
        await world.ensures()

        row = await world.row(ENGINEERING, user(1))
        assert row.action is (Action.ADDED if wanted is Wanted.MEMBER else Action.REMOVED)
        assert {in_step.cause, membership.cause} <= set(row.causes)
        assert await world.intents.open_intents(TOTAL) == []

    run()


@virtual
async def test_nobody_loses_the_access_whom_another_event_is_about_to_give_it() -> None:
    """Graph refuses for a while to write the other membership."""
    world = await world_with(user(1))
    [member] = await world.wants(ADMIN, user(1))
    await postpone(world.context, TOTAL, [member], now() + timedelta(minutes=2))
    await world.wants(ENGINEERING, user(1), user(2), wanted=Wanted.IN_STEP)

    await world.ensures()
    assert await world.ledger.find(TOTAL, ENGINEERING, user(1)) is None
    assert (await world.row(ENGINEERING, user(2))).action is Action.REMOVED
    await world.ensures_until_done()

    assert (await world.row(ADMIN, user(1))).action is Action.ADDED
    left = await world.row(ENGINEERING, user(1))
    assert left.action is Action.REMOVED
    assert left.found_at > now() - timedelta(minutes=1)


@virtual
async def test_it_does_not_wait_for_long() -> None:
    world = await world_with(user(1))
    [member] = await world.wants(ADMIN, user(1))
    await postpone(world.context, TOTAL, [member], now() + timedelta(days=1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.IN_STEP, age=0)
    began = now()

    while await world.ledger.find(TOTAL, ENGINEERING, user(1)) is None:
        await world.ensures()
        await asyncio.sleep(10)

    assert now() - began == timedelta(minutes=10, seconds=10)

"""What Entra's own cycle did is compared with the app itself, where Hasten can read it."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.errors import TemporaryError
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.targets import Mode, Target
from tests.support.app_proof import (
    SCIM,
    WAKE,
    left_to_cycle,
)
from tests.support.verifying import log, ran
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


@virtual
async def test_what_the_cycle_did_is_seen_in_the_app() -> None:
    world = await left_to_cycle()
    world.app.add(user(1))

    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.LEFT_TO_CYCLE

    world.app.accounts.clear()
    world.app.add(user(1), active=False)
    await verify(world.context)
    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.DONE_BY_CYCLE
    assert row.reason.startswith("the app itself says inactive at ")


@virtual
async def test_a_cycle_is_believed_when_the_app_shows_what_it_did() -> None:
    world = await left_to_cycle()
    world.app.add(user(1), active=False)
    log(world, user(1), "disable")
    world.app.errors = [TemporaryError("no answer", timedelta(seconds=1))]

    await verify(world.context)
    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.LEFT_TO_CYCLE
    assert "Entra's own cycle has done it; the app itself has not shown it" in row.reason

    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE


@virtual
async def test_an_active_account_contradicts_a_cycle_and_is_taken_in_the_app() -> None:
    world = await left_to_cycle()
    world.app.add(user(1))
    await asyncio.sleep(900)
    log(world, user(1), "disable")
    ran(world)

    await verify(world.context)
    await drain(world.context, WAKE)

    assert world.app.active(user(1)) == [False]
    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED


@pytest.mark.parametrize("ends", [State.HELD, State.DONE_BY_CYCLE])
@virtual
async def test_a_held_removal_is_done_by_the_cycle_when_the_app_shows_it(ends: State) -> None:
    """Observe mode reads the app as well."""
    target = Target(name=TOTAL, display_name=TOTAL, scim=SCIM, mode=Mode.OBSERVE)
    world = World(target=target)
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    world.app.add(user(1), active=ends is State.HELD)
    await asyncio.sleep(900)
    ran(world)
    log(world, user(1), "disable")

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is ends
    assert world.app.writes == []

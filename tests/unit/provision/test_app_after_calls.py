"""Somebody whom Hasten left to the calls, because they were still assigned, is disabled or deleted
while the drain goes on. No call reaches them any more: Hasten turns to the app again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from hasten.domain.app_account import Found
from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.errors import TemporaryError
from hasten.provision.drain import drain
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT
from hasten.provision.verify import verify
from hasten.provision.wait_for_app import APP_PAUSE, CHANGED_PAUSE
from hasten.provision.within_reach import APP_IS_REACHED
from hasten.targets import Mode
from tests.fakes.application import FakeApplication
from tests.support.app_revocations import LEAVER, WAKE, has_left, row, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, found, user

OTHER = user(7)


async def drained(world: World, time: timedelta) -> None:
    until = now() + time
    while now() < until:
        await drain(world.context, WAKE)
        await asyncio.sleep(1)


async def keeps_another(world: World) -> None:
    """Leaves one group and stays in another."""
    world.directory.join(ADMIN, LEAVER)
    await has_left(world, LEAVER)


def goes(world: World, how: str) -> None:
    getattr(world.directory, how)(LEAVER)


@pytest.mark.parametrize("how", ["disable", "delete"])
@virtual
async def test_who_is_disabled_or_deleted_during_the_drain_is_taken_in_the_app(how: str) -> None:
    world = world_with()
    await keeps_another(world)
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)
    action = {"disable": Action.DISABLED, "delete": Action.DELETED}[how]
    goes(world, how)
    await world.ledger.record([found(OWN_ACCOUNT, LEAVER, action, 3)])

    await running
    await drained(world, CHANGED_PAUSE + timedelta(seconds=3))

    assert world.app.active(LEAVER) == [False]
    assert (await world.row(OWN_ACCOUNT, LEAVER)).state is State.CONFIRMED


@pytest.mark.parametrize("how", ["disable", "delete"])
@virtual
async def test_so_is_a_leaver_of_whose_account_hasten_has_seen_nothing(how: str) -> None:
    """They are gone between the read before the write in the app and that of the plan."""
    world = world_with()
    await keeps_another(world)
    read = world.directory.user

    async def once(person: str) -> object:
        shown = await read(person)
        world.directory.user = read  # type: ignore[method-assign]
        goes(world, how)
        return shown

    world.directory.user = once  # type: ignore[assignment,method-assign]

    await drained(world, CHANGED_PAUSE + timedelta(seconds=3))

    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.CONFIRMED
    assert world.directory.calls == []


@virtual
async def test_an_app_that_is_out_by_then_is_asked_again_later() -> None:
    @dataclass
    class Out(FakeApplication):
        is_out: bool = False

        async def find(self, value: str) -> Found:
            if self.is_out:
                raise TemporaryError("the app answered 503", timedelta(minutes=1))
            return await super().find(value)

    app = Out()
    world = world_with(app)
    await keeps_another(world)
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)
    goes(world, "disable")
    app.is_out = True
    await world.ledger.record([found(OWN_ACCOUNT, LEAVER, Action.DISABLED, 3)])
    await running
    await drained(world, timedelta(minutes=3))
    assert (await world.row(OWN_ACCOUNT, LEAVER)).state is State.WAITING

    app.is_out = False
    await drained(world, 2 * APP_PAUSE)

    assert app.active(LEAVER) == [False]


@virtual
async def test_a_leaver_who_keeps_another_assignment_is_not_asked_about_again() -> None:
    world = world_with()
    await keeps_another(world)

    await drained(world, timedelta(minutes=6))

    left = await row(world)
    assert (left.state, left.reason) == (State.LEFT_TO_CYCLE, KEEPS_ASSIGNMENT)
    assert world.app.active(LEAVER) == [True]
    assert [call.group for call in world.directory.calls] == 2 * [ENGINEERING]
    assert left.called_at == world.directory.calls[1].at


@virtual
async def test_a_row_that_is_left_to_the_cycle_says_what_the_app_showed() -> None:
    world = world_with()
    await world.is_discovered()
    world.directory.join(ADMIN, OTHER)
    await world.left(ADMIN, OTHER)
    world.directory.disable(OTHER)

    await drained(world, timedelta(minutes=1))

    left = await world.row(ADMIN, OTHER)
    assert left.state is State.LEFT_TO_CYCLE
    assert left.reason.endswith("; the app shows no account that matches")


@pytest.mark.parametrize("how", ["disable", "delete"])
@virtual
async def test_what_was_left_to_the_cycle_is_taken_once_hasten_reaches_the_app(how: str) -> None:
    """An operator adds `scim` to targets.yaml."""
    world = world_with()
    reached, world.target = world.target, world.target.model_copy(update={"scim": None})
    await has_left(world, LEAVER)
    goes(world, how)
    await drain(world.context, WAKE)
    await verify(world.context)
    assert (await row(world)).state is State.LEFT_TO_CYCLE
    world.target = reached

    await verify(world.context)
    opened = await row(world)
    await drain(world.context, WAKE)

    assert (opened.state, opened.reason) == (State.PENDING, APP_IS_REACHED)
    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.CONFIRMED


@pytest.mark.parametrize("mode", [Mode.ACT, Mode.OBSERVE])
@virtual
async def test_an_app_that_knows_nobody_is_asked_once_and_in_observe_mode_not_at_all(
    mode: Mode,
) -> None:
    world = world_with()
    reached, world.target = world.target, world.target.model_copy(update={"scim": None})
    await has_left(world, LEAVER)
    goes(world, "disable")
    await drain(world.context, WAKE)
    world.app.accounts.clear()
    world.target = reached.model_copy(update={"mode": mode})

    for _ in range(4):
        await verify(world.context)
        await drain(world.context, WAKE)
        await asyncio.sleep(60)

    assert world.results("app_revocation") == (["no_account"] if mode is Mode.ACT else [])
    assert (await row(world)).state is State.LEFT_TO_CYCLE

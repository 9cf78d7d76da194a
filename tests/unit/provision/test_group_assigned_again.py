"""Somebody left a group that was not assigned, and keeps another assignment. No call on the group
has an effect until it is assigned again."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import Change, State
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT, UNASSIGNED_GROUP
from hasten.provision.verify import verify
from hasten.provision.within_reach import ASSIGNED_AGAIN
from tests.support.verifying import log, ran
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
AGAIN = "0000bbbb-0000-4000-8000-000000000009"
LEAVER = user(1)


async def passes(time: timedelta) -> None:
    await asyncio.sleep(time.total_seconds())


async def has_left() -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.directory.join(AGAIN, LEAVER)
    await world.left(AGAIN, LEAVER)
    await drain(world.context, WAKE)
    return world


async def is_left() -> World:
    world = await has_left()
    await passes(REPLICATION_SETTLED_AFTER)
    await drain(world.context, WAKE)
    left = await world.row(AGAIN, LEAVER)
    assert (left.state, left.reason) == (State.LEFT_TO_CYCLE, UNASSIGNED_GROUP)
    return world


async def is_assigned_again(world: World) -> None:
    world.directory.groups.append(AGAIN)
    await world.is_discovered(AGAIN)


async def row(world: World) -> Change:
    return await world.row(AGAIN, LEAVER)


def called(world: World) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(call.group, call.users) for call in world.directory.calls]


@virtual
async def test_the_group_is_called_when_it_is_assigned_before_the_second_read() -> None:
    world = await has_left()
    await is_assigned_again(world)

    await passes(REPLICATION_SETTLED_AFTER)
    await drain(world.context, WAKE)

    assert called(world) == [(AGAIN, (LEAVER,))]


@pytest.mark.parametrize("minutes", [1, 30])
@virtual
async def test_the_group_is_called_when_it_is_assigned_after_the_row_was_left(minutes: int) -> None:
    world = await is_left()
    await passes(timedelta(minutes=minutes))
    await is_assigned_again(world)

    await verify(world.context)
    opened = await row(world)
    await drain(world.context, WAKE)

    assert (opened.state, opened.reason) == (State.PENDING, ASSIGNED_AGAIN)
    assert called(world) == [(AGAIN, (LEAVER,))]


@virtual
async def test_a_row_that_was_called_is_left_to_the_cycle_for_another_reason() -> None:
    world = await is_left()
    await passes(ASSIGNMENT_COUNTS_WITHIN)
    await is_assigned_again(world)
    for _ in range(4):
        await verify(world.context)
        await drain(world.context, WAKE)
        await passes(REPLICATION_SETTLED_AFTER)

    assert called(world) == [(AGAIN, (LEAVER,))]
    ended = await row(world)
    assert (ended.state, ended.reason) == (State.LEFT_TO_CYCLE, KEEPS_ASSIGNMENT)


@virtual
async def test_a_group_that_stays_unassigned_is_not_called() -> None:
    world = await is_left()

    await verify(world.context)
    await drain(world.context, WAKE)

    assert called(world) == []
    assert (await row(world)).state is State.LEFT_TO_CYCLE


@virtual
async def test_what_the_log_shows_of_a_cycle_needs_no_call() -> None:
    world = await is_left()
    await is_assigned_again(world)
    log(world, LEAVER, "Delete")
    ran(world)

    await verify(world.context)

    assert (await row(world)).state is State.DONE_BY_CYCLE
    assert called(world) == []

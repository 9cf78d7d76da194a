"""Somebody leaves a group and keeps another assignment. Entra considers that they left only after a
few minutes, so the call that Hasten makes at once may take nothing. Hasten calls once more."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, State
from hasten.domain.planning import GrantsBy
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT, UNASSIGNED_GROUP
from hasten.records import discovered
from hasten.targets import Target
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

LEAVER = user(1)
Called = list[tuple[str | None, tuple[str, ...]]]


async def keeps_another(grants_by: GrantsBy = GrantsBy.GROUP) -> World:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, grants_by=grants_by))
    await world.is_discovered()
    world.directory.join(ADMIN, LEAVER)
    world.directory.join(ENGINEERING, LEAVER)
    return world


async def drained(world: World, time: timedelta) -> None:
    until = now() + time
    while now() < until:
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(5)


def called(world: World) -> Called:
    return [(call.group, call.users) for call in world.directory.calls]


@virtual
async def test_the_group_is_called_again_when_entra_has_seen_that_they_left() -> None:
    world = await keeps_another()
    left_at = now()
    await world.left(ENGINEERING, LEAVER)

    await drained(world, timedelta(minutes=20))

    first, second = world.directory.calls
    assert called(world) == 2 * [(ENGINEERING, (LEAVER,))]
    assert first.at - left_at < timedelta(seconds=1)
    late = second.at - left_at - ASSIGNMENT_COUNTS_WITHIN
    assert timedelta(0) <= late < timedelta(seconds=10)
    ended = await world.row(ENGINEERING, LEAVER)
    assert (ended.state, ended.reason) == (State.LEFT_TO_CYCLE, KEEPS_ASSIGNMENT)


@virtual
async def test_a_call_that_came_late_is_the_only_one() -> None:
    world = await keeps_another()
    await world.left(ENGINEERING, LEAVER)
    await asyncio.sleep(ASSIGNMENT_COUNTS_WITHIN.total_seconds())

    await drained(world, timedelta(minutes=20))

    assert called(world) == [(ENGINEERING, (LEAVER,))]


@virtual
async def test_who_loses_the_other_assignment_meanwhile_is_called_without_the_group() -> None:
    world = await keeps_another()
    await world.left(ENGINEERING, LEAVER)
    await drained(world, timedelta(seconds=30))
    world.directory.leave(ADMIN, LEAVER)

    await drained(world, REPLICATION_SETTLED_AFTER)

    assert called(world) == [(ENGINEERING, (LEAVER,)), (None, (LEAVER,))]


@virtual
async def test_a_group_that_is_unassigned_meanwhile_is_not_called_again() -> None:
    world = await keeps_another()
    await world.left(ENGINEERING, LEAVER)
    await drained(world, timedelta(minutes=3))
    before = await discovered.load(world.store, TOTAL)
    assert before is not None
    world.directory.groups.remove(ENGINEERING)
    await discovered.save(world.store, replace(before, groups=(ADMIN,)), over=before)

    await drained(world, timedelta(minutes=5))

    assert called(world) == [(ENGINEERING, (LEAVER,))]
    ended = await world.row(ENGINEERING, LEAVER)
    assert (ended.state, ended.reason) == (State.LEFT_TO_CYCLE, UNASSIGNED_GROUP)


@pytest.mark.parametrize("which", ["a direct assignment", "grants_by"])
@virtual
async def test_where_no_membership_can_be_in_the_app_one_call_is_enough(which: str) -> None:
    world = await keeps_another(GrantsBy.USER if which == "grants_by" else GrantsBy.GROUP)
    group = ENGINEERING
    if which == "a direct assignment":
        group = DIRECT
        world.directory.join(DIRECT, LEAVER)
    await world.left(group, LEAVER)

    await drained(world, timedelta(minutes=20))

    assert len(world.directory.calls) == 1
    assert (await world.row(group, LEAVER)).state is State.LEFT_TO_CYCLE

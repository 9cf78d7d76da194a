"""A group is unassigned, the brake holds its members, and the group is assigned again: nobody has
to decide about them any more."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from hasten.domain.changes import Action, Change, State
from hasten.domain.row_states import finished
from hasten.errors import TemporaryError
from hasten.operate.release import discard_changes, held_changes
from hasten.ports.directory_values import Members
from hasten.records import discovered
from hasten.watch import assignments
from hasten.watch.assigned_rows import held_before
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.done_changes import done_changes
from tests.support.looking import a_look
from tests.support.swept import swept
from tests.support.verifying import told
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, TOTAL, World, user

MEMBERS = [user(n) for n in range(100, 120)]
MINUTE = timedelta(minutes=1).total_seconds()
SWEEPS, SETTLED_AT = 4, 3
"""Sweeps in which every replica settles, and the first that finds it settled."""


async def unassigned(mode: str = "act", most_new_members: int = 200) -> World:
    world = await swept(mode=mode, most_new_members=most_new_members)
    world.directory.join(ADMIN, *MEMBERS)
    await looks(world)
    await sweep(world.context)
    world.directory.groups.remove(ADMIN)
    await sweep(world.context)
    return world


async def looks(world: World) -> None:
    await look(world.context, replace(a_look(), group=ADMIN))


async def sweeps(world: World) -> None:
    for _ in range(SWEEPS):
        await sweep(world.context)
        await asyncio.sleep(MINUTE)


async def rows(world: World) -> Counter[tuple[Action, State]]:
    found = await world.ledger.open_changes(TOTAL)
    return Counter((row.action, row.state) for row in found if row.group == ADMIN)


@pytest.mark.parametrize("seconds", [5, 60, 180, 3600])
@virtual
async def test_members_of_a_group_assigned_again_are_held_no_more(seconds: int) -> None:
    world = await unassigned()
    assert await rows(world) == {(Action.REMOVED, State.HELD): len(MEMBERS)}
    await asyncio.sleep(seconds)
    world.directory.groups.append(ADMIN)

    await sweeps(world)

    assert await rows(world) == {(Action.ADDED, State.PENDING): len(MEMBERS)}
    assert await held_changes(world.context, TOTAL, groups=(), users=()) == []


@pytest.mark.parametrize("seconds", [5, 180])
@virtual
async def test_members_of_a_large_group_are_left_to_the_cycle_and_held_no_more(
    seconds: int,
) -> None:
    world = await unassigned(most_new_members=10)
    await asyncio.sleep(seconds)
    world.directory.groups.append(ADMIN)

    await sweeps(world)

    ended = [row for row in await done_changes(world.store, TOTAL) if row.group == ADMIN]
    assert await rows(world) == {}
    assert {(row.action, row.state) for row in ended} == {(Action.ADDED, State.LEFT_TO_CYCLE)}
    assert len(ended) == len(MEMBERS)


@pytest.mark.parametrize("seconds", [5, 180])
@virtual
async def test_a_large_group_that_is_unassigned_once_more_is_held_once_more(seconds: int) -> None:
    world = await unassigned(most_new_members=10)
    await asyncio.sleep(seconds)
    world.directory.groups.append(ADMIN)
    await sweep(world.context)
    await asyncio.sleep(seconds)
    world.directory.groups.remove(ADMIN)

    await sweeps(world)

    assert await rows(world) == {(Action.REMOVED, State.HELD): len(MEMBERS)}


@pytest.mark.parametrize("is_discarded", [True, False])
@pytest.mark.parametrize("is_member", [True, False])
@virtual
async def test_who_joined_before_the_group_was_assigned_again_gets_access_though_the_brake_holds(
    is_member: bool,  # noqa: FBT001 - a case
    is_discarded: bool,  # noqa: FBT001 - a case
) -> None:
    """A look finds them in the slice of their removal, and the brake holds that removal until the
    membership can be read."""
    world, newcomer = await unassigned(), user(130)
    world.directory.join(ADMIN, newcomer)
    await sweep(world.context)
    await asyncio.sleep(4 * MINUTE)
    removals = await world.ledger.open_changes(TOTAL)
    await world.ledger.move(removals, lambda row: finished(row, State.CONFIRMED, now=world.now()))
    world.directory.groups.append(ADMIN)
    failing = AsyncMock(side_effect=TemporaryError("x", timedelta(seconds=1)))
    with patch.object(world.directory, "members", failing):
        await sweep(world.context)
    world.directory.leave(ADMIN, *MEMBERS)
    await looks(world)
    held = await world.row(ADMIN, newcomer)
    assert (held.action, held.state) == (Action.REMOVED, State.HELD)
    if is_discarded:
        await discard_changes(world.context, TOTAL, [held])
    if not is_member:
        world.directory.leave(ADMIN, newcomer)
        await looks(world)

    await sweeps(world)

    row = await world.row(ADMIN, newcomer)
    assert row.action is (Action.ADDED if is_member else Action.REMOVED)
    assert row.state is State.PENDING or not is_member


@virtual
async def test_in_observe_mode_they_have_joined_and_nobody_is_called() -> None:
    world = await unassigned(mode="observe")
    await asyncio.sleep(MINUTE)
    world.directory.groups.append(ADMIN)

    await sweeps(world)

    assert await rows(world) == {(Action.ADDED, State.HELD): len(MEMBERS)}


@virtual
async def test_a_replica_that_still_lists_the_assignment_has_nobody_let_go() -> None:
    world = await unassigned()
    await asyncio.sleep(MINUTE)
    world.directory.groups.append(ADMIN)
    await sweep(world.context)
    world.directory.groups.remove(ADMIN)

    await sweeps(world)

    assert await rows(world) == {(Action.REMOVED, State.HELD): len(MEMBERS)}


@pytest.mark.parametrize("seconds", [5, 180])
@virtual
async def test_who_leaves_a_large_group_that_is_assigned_again_stays_held(seconds: int) -> None:
    """A look sees them leave after the list was read, or a lagging replica gave the list."""
    world = await unassigned(most_new_members=10)
    await asyncio.sleep(seconds)
    world.directory.groups.append(ADMIN)
    read = world.directory.members

    async def lagging(group: str, *, enough: int | None = None) -> Members:
        shown = await read(group, enough=enough)
        if group == ADMIN and MEMBERS[0] in shown.ids:
            world.directory.leave(ADMIN, MEMBERS[0])
            await asyncio.sleep(1)
            await looks(world)
        return shown

    world.directory.members = lagging  # type: ignore[method-assign]
    await sweeps(world)

    assert await rows(world) == {(Action.REMOVED, State.HELD): 1}
    assert (await world.row(ADMIN, MEMBERS[0])).is_open


@virtual
async def test_who_leaves_a_large_group_while_its_held_rows_are_read_stays_held() -> None:
    world = await unassigned(most_new_members=10)
    await asyncio.sleep(3 * MINUTE)
    world.directory.groups.append(ADMIN)
    reads = 0

    async def late(*of: Any) -> list[Change]:
        nonlocal reads
        reads += 1
        found = await held_before(*of)
        if reads == SETTLED_AT:
            world.directory.leave(ADMIN, MEMBERS[0])
            await looks(world)
        return found

    with patch.object(assignments, "held_before", late):
        await sweeps(world)

    assert reads == SETTLED_AT
    assert await rows(world) == {(Action.REMOVED, State.HELD): 1}


@virtual
async def test_one_replica_that_lists_the_assignment_lets_nobody_of_a_large_group_go() -> None:
    """It may lag, and a sweep of the version before may write last that the group is not
    assigned."""
    world = await unassigned(most_new_members=10)
    before = await discovered.must_load(world.store, TOTAL)
    await asyncio.sleep(MINUTE)
    world.directory.groups.append(ADMIN)
    await sweep(world.context)
    world.directory.groups.remove(ADMIN)
    now_there = await discovered.must_load(world.store, TOTAL)
    await discovered.save(world.store, before, over=now_there)

    await sweeps(world)

    assert await rows(world) == {(Action.REMOVED, State.HELD): len(MEMBERS)}
    assert State.LEFT_TO_CYCLE not in told(world)

"""A group is unassigned, the brake holds its members, and the group is assigned again: nobody has
to decide about them any more."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, State
from hasten.operate.release import held_changes
from hasten.watch.sweep import sweep
from tests.support.swept import swept
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, TOTAL, World, user

MEMBERS = [user(n) for n in range(100, 120)]
MINUTE = timedelta(minutes=1).total_seconds()
SWEEPS = 4
"""In which every replica settles."""


async def unassigned(mode: str = "act") -> World:
    world = await swept(mode=mode)
    world.directory.join(ADMIN, *MEMBERS)
    await sweep(world.context)
    world.directory.groups.remove(ADMIN)
    await sweep(world.context)
    return world


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

"""A user is assigned to the app, or unassigned, without a group."""

import asyncio

from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.watch.sweep import sweep
from tests.support.ensuring import world_with
from tests.support.virtual_time import virtual
from tests.support.world import user


@virtual
async def test_a_person_without_a_group_is_assigned_and_unassigned() -> None:
    world = await world_with(user(1))
    await world.wants(DIRECT, user(1))
    await world.ensures()
    assert len(world.given(user(1))) == 1
    assert (await world.row(DIRECT, user(1))).action is Action.ADDED

    await asyncio.sleep(0.5)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    await world.ensures()

    assert world.given(user(1)) == []
    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED
    assert world.directory.writes == {"assign": 1, "unassign": 1}


@virtual
async def test_a_person_unassigned_before_a_sweep_saw_them_assigned_is_revoked_later() -> None:
    world = await world_with(user(1))
    await world.wants(DIRECT, user(1))
    await world.ensures()
    world.directory.granted.clear()
    world.directory.assigned[user(1)] = []

    await sweep(world.context)
    assert (await world.row(DIRECT, user(1))).action is Action.ADDED  # a replica may lag
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await sweep(world.context)

    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED

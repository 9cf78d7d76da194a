"""A user is assigned to the app, or unassigned, without a group."""

import asyncio

from hasten.domain.changes import DIRECT, Action, Change
from hasten.domain.intents import Wanted
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.watch.sweep import sweep
from tests.fakes.tenant import NO_ROLE, SERVICE_PRINCIPAL
from tests.support.ensuring import Onboarding, world_with
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


async def unassigned_by_hasten() -> tuple[Onboarding, Change]:
    """A person whom a sweep saw assigned, and the row of the removal, which no sweep has seen."""
    world = await world_with(user(1))
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)
    await world.wants(DIRECT, user(1))
    await world.ensures()
    await sweep(world.context)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    removed = await world.row(DIRECT, user(1))
    assert removed.action is Action.REMOVED
    return world, removed


@virtual
async def test_a_person_whom_somebody_assigns_again_before_a_sweep_is_found_later() -> None:
    """No sweep saw that Hasten had unassigned them, so that the list is as it was."""
    world, removed = await unassigned_by_hasten()
    await world.directory.assign(SERVICE_PRINCIPAL, user(1), NO_ROLE)

    await sweep(world.context)
    assert await world.row(DIRECT, user(1)) == removed  # a replica may lag
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    for _ in range(2):
        await sweep(world.context)

    again = await world.row(DIRECT, user(1))
    assert again.action is Action.ADDED
    assert again.origin > removed.origin


@virtual
async def test_a_person_who_stays_unassigned_is_not_found_again() -> None:
    world, removed = await unassigned_by_hasten()

    for _ in range(3):
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
        await sweep(world.context)

    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED
    assert (await world.row(DIRECT, user(1))).origin == removed.origin

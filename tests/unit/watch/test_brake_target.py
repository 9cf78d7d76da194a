"""The brake on a whole target: removals from many groups, and groups unassigned from the app."""

import asyncio
from collections import Counter

from hasten.domain.changes import HeldBy, State
from hasten.operate.release import held_changes, release_changes
from hasten.provision.drain import drain
from hasten.watch.sweep import discover
from tests.support.removals import WAKE, forty_groups, looks, people, states, watching
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user


@virtual
async def test_forty_groups_that_lose_ten_each_are_held_from_two_hundred_people_on() -> None:
    world = await watching(0)
    groups = await forty_groups(world)

    for group, members in groups.items():
        world.directory.leave(group, *members[:10])
        await looks(world, group)

    assert await states(world) == {State.HELD: 400}
    assert [e.fields["group"] for e in world.events if e.name == "brake"] == [""]


@virtual
async def test_forty_groups_whose_people_were_called_before_the_trip_hold_the_rest() -> None:
    world = await watching(0)
    world.directory.seconds_per_call = 0.1
    groups = await forty_groups(world)

    for group, members in groups.items():
        world.directory.leave(group, *members[:10])
        await looks(world, group)
        await drain(world.context, WAKE)
        await asyncio.sleep(1)

    found_states = await states(world)
    assert found_states[State.HELD] >= 200
    assert found_states[State.HELD] + found_states[State.SUCCEEDED] == 400


@virtual
async def test_a_person_who_leaves_many_groups_counts_once_for_the_target() -> None:
    world = await watching(0, brake_target_removals=10)
    groups = await forty_groups(world)
    for group in groups:
        world.directory.join(group, user(1))
        await looks(world, group)

    for group in groups:
        world.directory.leave(group, user(1))
        await looks(world, group)

    assert await states(world) == {State.PENDING: 40}


@virtual
async def test_releasing_all_of_a_target_lets_its_brake_count_anew() -> None:
    world = await watching(0)
    groups = await forty_groups(world)
    for group, members in groups.items():
        world.directory.leave(group, *members[:10])
        await looks(world, group)
    await release_changes(
        world.context, TOTAL, await held_changes(world.context, TOTAL, groups=(), users=())
    )

    first, members = next(iter(groups.items()))
    world.directory.leave(first, members[50])
    await looks(world, first)

    assert await states(world) == {State.PENDING: 401}


@virtual
async def test_unassigning_a_group_of_a_hundred_is_held() -> None:
    world = await watching(100)
    await discover(world.context, world.target)
    world.directory.groups.remove(ENGINEERING)

    await discover(world.context, world.target)

    rows = await world.ledger.open_changes(TOTAL)
    assert {(row.state, row.held_by) for row in rows} == {(State.HELD, HeldBy.BRAKE)}
    assert len(rows) == 100


@virtual
async def test_unassigning_forty_groups_of_ten_each_is_held() -> None:
    world = await watching(0)
    groups = [f"0000dddd-0000-4000-8000-{n:012}" for n in range(1, 41)]
    for number, group in enumerate(groups):
        world.directory.has_group(group, f"Found-{number}")
        world.directory.join(group, *people(10, first=1000 * (number + 1)))
        world.directory.groups.append(group)
    await discover(world.context, world.target)
    world.directory.groups[:] = [ENGINEERING]
    await asyncio.sleep(60)

    await discover(world.context, world.target)

    counted = Counter(row.state for row in await world.ledger.open_changes(TOTAL) if row.is_removal)
    assert counted == {State.HELD: 400}

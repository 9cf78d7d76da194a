"""The drain of a target: what is called, in which order, how fast, and what is left for later."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Cause, State
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.records import discovered
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
SALES = "0000bbbb-0000-4000-8000-000000000003"


@virtual
async def test_a_burst_of_23_joiners_takes_five_calls_and_misses_nobody() -> None:
    world = World()
    await world.is_discovered()
    joiners = [user(n) for n in range(23)]
    await world.joined(ENGINEERING, *joiners)

    await drain(world.context, WAKE)

    called = [name for call in world.directory.calls for name in call.users]
    assert len(world.directory.calls) == 5
    assert sorted(called) == joiners
    assert {(await world.row(ENGINEERING, name)).state for name in joiners} == {State.SUCCEEDED}


@virtual
async def test_no_ten_seconds_see_more_than_five_calls() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(60)))

    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 12
    assert world.directory.most_calls_within(CALL_WINDOW) == CALLS_PER_WINDOW


@virtual
async def test_two_drains_in_a_row_share_the_window() -> None:
    world = World()
    await world.is_discovered()

    for start in (0, 25):
        await world.joined(ENGINEERING, *(user(n) for n in range(start, start + 25)))
        await drain(world.context, WAKE)

    assert len(world.directory.calls) == 10
    assert world.directory.most_calls_within(CALL_WINDOW) == CALLS_PER_WINDOW


@virtual
async def test_a_leaver_found_during_a_burst_is_called_before_the_waiting_joiners() -> None:
    world = World()
    await world.is_discovered()
    leaver = user(99)
    world.directory.join(ENGINEERING, leaver)
    await world.joined(ENGINEERING, *(user(n) for n in range(60)))
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(CALLS_PER_WINDOW)

    await world.left(ENGINEERING, leaver)
    await running

    sixth = world.directory.calls[CALLS_PER_WINDOW]
    assert (sixth.group, sixth.users) == (None, (leaver,))


@virtual
async def test_a_joiner_found_while_a_call_is_under_way_does_not_wait_for_its_end() -> None:
    world = World()
    await world.is_discovered()
    world.directory.seconds_per_call = 30
    await world.joined(ENGINEERING, user(1))
    process = world.context
    running = asyncio.create_task(drain(process, WAKE))
    await world.directory.has_called(1)

    found_at = now()
    await world.joined(ENGINEERING, user(2))
    await drain(process, WAKE)
    await running

    assert world.directory.calls[1].at - found_at < timedelta(seconds=0.5)


@virtual
async def test_a_user_who_keeps_another_assignment_is_removed_by_a_group_call() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.join(ADMIN, user(1))

    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)

    assert [(c.group, c.users) for c in world.directory.calls] == [(ENGINEERING, (user(1),))]


@virtual
async def test_a_group_the_user_left_counts_for_nothing_while_graph_still_lists_it() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    world.directory.assigned[user(1)] = [ENGINEERING]

    await drain(world.context, WAKE)

    assert [(c.group, c.users) for c in world.directory.calls] == [(None, (user(1),))]


@pytest.mark.parametrize("gone", ["disabled", "deleted"])
def test_a_removed_user_out_of_reach_is_left_to_the_cycle_without_a_call(gone: str) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        await world.is_discovered()
        world.directory.join(ENGINEERING, user(1))
        await world.left(ENGINEERING, user(1))
        if gone == "disabled":
            world.directory.disabled.add(user(1))
        else:
            del world.directory.assigned[user(1)]

        await drain(world.context, WAKE)

        row = await world.row(ENGINEERING, user(1))
        assert world.directory.calls == []
        assert row.state is State.LEFT_TO_CYCLE
        assert gone in row.reason

    scenario()


@virtual
async def test_a_user_moved_between_groups_is_never_in_two_calls_at_once() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))

    await world.joined(ADMIN, user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)

    assert [call.group for call in world.directory.calls] == [ENGINEERING, ADMIN]
    assert world.directory.crossed == []


@virtual
async def test_a_change_of_mind_during_the_call_is_called_again_and_the_old_answer_dropped() -> (
    None
):
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)

    await world.left(ENGINEERING, user(1))
    await running

    row = await world.row(ENGINEERING, user(1))
    assert [call.group for call in world.directory.calls] == [ENGINEERING, None]
    assert world.directory.crossed == []
    assert (row.is_removal, row.state) == (True, State.SUCCEEDED)


@virtual
async def test_a_row_that_learns_its_event_during_its_call_is_not_called_again() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    row = await world.row(ENGINEERING, user(1))
    draining = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)

    asked = replace(row, ahead=True, causes=(Cause("/hr", "1"),))
    await world.ledger.record([asked])
    await draining
    await drain(world.context, WAKE)

    ended = await world.row(ENGINEERING, user(1))
    assert (ended.state, ended.causes) == (State.SUCCEEDED, (Cause("/hr", "1"),))
    assert len(world.directory.calls) == 1


@virtual
async def test_a_change_that_hasten_made_and_a_look_sees_during_its_call_is_not_called_again() -> (
    None
):
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move([row], lambda known: replace(known, ahead=True))
    draining = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)

    await world.ledger.record([replace(row, origin=row.origin + 1)])
    await draining
    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    assert len(world.directory.calls) == 1


@virtual
async def test_a_leaver_of_a_group_that_was_assigned_during_the_drain_is_called() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(SALES, user(1))
    world.directory.join(ENGINEERING, user(1))
    await world.joined(ENGINEERING, user(2))
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)
    known = await discovered.load(world.store, TOTAL)
    assert known is not None
    await discovered.save(world.store, replace(known, groups=(*known.groups, SALES)), over=known)

    await world.left(SALES, user(1))
    await running

    assert (SALES, (user(1),)) in [(call.group, call.users) for call in world.directory.calls]

"""Nobody is held by the brake without an alert that still stands."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import State
from hasten.domain.intents import Wanted
from hasten.ensure.run import ensure
from hasten.operate.release import discard_changes, held_changes, release_changes
from hasten.operate.release_intents import discard_intents, held_intents
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.directory_values import UnreadMember
from hasten.ports.store import Put
from hasten.records.recent_removals import RECENT_REMOVALS_COLLECTION, RecentRemovals
from hasten.watch.unread_members import read_unread
from tests.support.ensuring import RUN
from tests.support.posting import Posting
from tests.support.removals import forty_groups, looks, people, states, watching
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user

SOON = 90
"""Seconds, within the window of the brake."""

LATE = user(61)
UNREAD = UnreadMember("", "a member has no id")


def alerts(world: Posting) -> list[str]:
    """The groups of the alerts until now."""
    return [event.fields["group"] for event in world.events if event.name == "brake"]


async def leaves(world: Posting, *users: str) -> None:
    world.directory.leave(ENGINEERING, *users)
    await looks(world)


async def tripped() -> Posting:
    world = await watching(200)
    await leaves(world, *people(60))
    assert alerts(world) == [ENGINEERING]
    await asyncio.sleep(SOON)
    return world


async def discards(world: Posting) -> None:
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    await discard_changes(world.context, TOTAL, rows)


async def corrects(world: Posting) -> None:
    """Puts everybody back into the group, which leaves nothing to decide about."""
    world.directory.join(ENGINEERING, *people(60))
    await looks(world)


@pytest.mark.parametrize("answers", [discards, corrects])
@virtual
async def test_who_leaves_after_all_that_was_held_is_settled_trips_it_with_a_new_alert(
    answers: Callable[[Posting], Awaitable[None]],
) -> None:
    world = await tripped()
    await answers(world)

    await leaves(world, LATE)

    assert (await world.row(ENGINEERING, LATE)).state is State.HELD
    assert alerts(world) == [ENGINEERING] * 2


@virtual
async def test_two_alerts_of_one_group_in_one_minute_are_two() -> None:
    world = await tripped()
    await discards(world)
    await leaves(world, LATE)
    await asyncio.sleep(1)
    await discards(world)
    await leaves(world, user(62))

    ids = [m.body["id"] for m in world.bus.of(PROVISIONING_OUTCOMES) if "held" in str(m.body)]
    assert len(set(ids)) == 3


@virtual
async def test_whoever_is_held_beside_others_needs_no_alert_of_their_own() -> None:
    world = await tripped()

    await leaves(world, LATE)

    assert (await world.row(ENGINEERING, LATE)).state is State.HELD
    assert alerts(world) == [ENGINEERING]


@pytest.mark.parametrize("at_a_time", [8, 60])
def test_those_held_beside_others_have_an_alert_each_time_their_number_has_doubled(
    at_a_time: int,
) -> None:
    @virtual
    async def run() -> None:
        world = await watching(240, brake_target_removals=1000)
        for first in range(1, 241, at_a_time):
            await leaves(world, *people(at_a_time, first))
            await asyncio.sleep(1)

        told = [e.fields["reason"] for e in world.events if e.name == "brake"]
        numbers = [int(reason.split()[0]) for reason in told]
        assert 48 < numbers[0] <= 60
        assert all(2 * a <= b < 2 * a + at_a_time for a, b in pairwise(numbers))
        assert 2 * numbers[-1] > 240

    run()


@virtual
async def test_the_alert_of_a_growing_number_makes_the_brake_hold_no_longer() -> None:
    world = await tripped()
    await leaves(world, *people(70, 61))
    assert alerts(world) == [ENGINEERING] * 2
    await discards(world)
    await asyncio.sleep(BRAKE_WINDOW.total_seconds() - SOON)

    await leaves(world, user(150))

    # The brake still counts seventy leavers within its window; the trip itself has ended.
    trip = await RecentRemovals(world.store).tripped(TOTAL, ENGINEERING, world.now())
    assert trip is not None
    assert trip.at == world.now()


@virtual
async def test_the_brake_reports_once_what_grew_while_events_offboard_people() -> None:
    world = await watching(300, brake_target_removals=1000)
    for first, count in [(1, 70), (71, 10), (81, 60)]:
        await world.wants(ENGINEERING, *people(count, first), wanted=Wanted.ABSENT)
        await ensure(world.context, RUN)

    assert alerts(world) == [ENGINEERING] * 2


@virtual
async def test_who_leaves_after_some_were_discarded_is_held_beside_the_others() -> None:
    world = await tripped()
    rows = await held_changes(world.context, TOTAL, groups=(), users=people(59))
    await discard_changes(world.context, TOTAL, rows)

    await leaves(world, LATE)

    assert alerts(world) == [ENGINEERING]


@virtual
async def test_who_leaves_after_a_release_is_not_held() -> None:
    world = await tripped()
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    await release_changes(world.context, TOTAL, rows)

    await leaves(world, LATE)

    assert (await world.row(ENGINEERING, LATE)).state is State.PENDING


@virtual
async def test_the_next_leaver_of_a_target_whose_brake_was_answered_has_a_new_alert() -> None:
    """The trip is about the whole target; in one of its groups the brake holds others."""
    world = await watching(200)
    await leaves(world, *people(60))
    groups = await forty_groups(world)
    for group, members in groups.items():
        world.directory.leave(group, *members[:10])
        await looks(world, group)
    alerted = alerts(world)
    assert alerted == [ENGINEERING, "", ""]  # twice as many as at the first alert
    rows = await held_changes(world.context, TOTAL, groups=list(groups), users=())
    await discard_changes(world.context, TOTAL, rows)

    group, members = next(iter(groups.items()))
    world.directory.leave(group, members[50])
    await looks(world, group)

    assert (await world.row(group, members[50])).state is State.HELD
    assert alerts(world) == [*alerted, ""]


@virtual
async def test_a_brake_whose_memory_cannot_be_read_holds_nobody_without_an_alert() -> None:
    world = await watching(200)
    await leaves(world, user(1))
    for document in await world.store.scan(RECENT_REMOVALS_COLLECTION, TOTAL):
        put = Put(document.key, {"left": 1}, document.etag)
        await world.store.commit(RECENT_REMOVALS_COLLECTION, TOTAL, [put])

    await leaves(world, LATE)
    await leaves(world, user(62))

    assert (await world.row(ENGINEERING, LATE)).state is State.HELD
    assert alerts(world) == [ENGINEERING]


@virtual
async def test_the_next_offboarding_after_all_were_discarded_has_a_new_alert() -> None:
    world = await watching(100)
    await world.wants(ENGINEERING, *people(60), wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)
    intents = await held_intents(world.context, TOTAL, groups=(), users=())
    await discard_intents(world.context, TOTAL, intents)

    await world.wants(ENGINEERING, LATE, wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)

    assert len(await held_intents(world.context, TOTAL, groups=(), users=())) == 1
    assert alerts(world) == [ENGINEERING] * 2


@virtual
async def test_after_the_window_of_the_brake_nobody_is_held() -> None:
    world = await tripped()
    await discards(world)
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())

    await leaves(world, LATE)

    assert (await world.row(ENGINEERING, LATE)).state is State.PENDING


async def reads_again_while_an_entry_cannot_be_read(world: Posting) -> None:
    """Graph shows an entry of the slice that Hasten cannot read, for half an hour."""
    for _ in range(6):
        await asyncio.sleep(300)
        await read_unread(world.context)


@virtual
async def test_leavers_who_are_held_trip_it_once_though_their_slice_is_read_again() -> None:
    world = await watching(200)
    world.directory.unread[ENGINEERING] = [UNREAD]
    await leaves(world, *people(60))

    await reads_again_while_an_entry_cannot_be_read(world)
    await leaves(world, LATE)

    assert alerts(world) == [ENGINEERING]
    assert (await world.row(ENGINEERING, LATE)).state is State.PENDING


@virtual
async def test_leavers_whom_it_let_pass_are_not_held_later_though_their_slices_are_read_again() -> (
    None
):
    world = await watching(200)
    world.directory.unread[ENGINEERING] = [UNREAD]
    for first in (1, 31):
        await leaves(world, *people(30, first=first))
        await asyncio.sleep(BRAKE_WINDOW.total_seconds())

    await reads_again_while_an_entry_cannot_be_read(world)

    assert await states(world) == {State.PENDING: 60}
    assert not alerts(world)

"""The brake on one watched group: removals that it holds, and those called before it tripped."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import Action, State
from hasten.operate.release import held_changes, release_changes
from hasten.ports.directory_values import Member, Members
from hasten.provision.drain import drain
from hasten.records.recent_removals import RecentRemovals, Trip
from hasten.watch.admit import admit
from hasten.watch.hold_removals import judge_removals
from tests.support.removals import WAKE, looks, people, states, watching
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


@virtual
@pytest.mark.parametrize(("leavers", "members"), [(60, 100), (500, 600)])
async def test_all_who_leave_in_one_look_are_held(leavers: int, members: int) -> None:
    world = await watching(members)
    world.directory.leave(ENGINEERING, *people(leavers))

    await looks(world)
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: leavers}
    assert world.directory.calls == []


@pytest.mark.parametrize("kind", ["device", "group", "serviceprincipal", "orgcontact"])
@virtual
async def test_members_who_are_no_users_do_not_let_all_users_leave(kind: str) -> None:
    world = await watching(40)
    others = [Member(user(n), kind, removed=False) for n in range(1000, 1200)]
    world.directory.history[ENGINEERING] += others
    world.directory.leave(ENGINEERING, *people(40))

    await looks(world)
    await drain(world.context, WAKE)

    assert (await states(world))[State.HELD] == 40
    assert world.directory.calls == []


@virtual
async def test_eighty_thousand_of_a_hundred_thousand_are_too_many_and_counted_right() -> None:
    world = await watching(0, brake_target_removals=1_000_000)
    world.directory.join(ENGINEERING, *people(20_000))

    judged = await judge_removals(
        world.context, world.target, {ENGINEERING: people(80_000, first=100_000)}
    )

    assert judged[ENGINEERING].reason == "80000 of 100000 members left within minutes"


@virtual
async def test_the_members_are_not_counted_for_each_leaver_whom_the_brake_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await watching(200)
    counted, gone, list_members = [], list[str](), world.directory.members

    async def members(group: str, *, enough: int | None = None) -> Members:
        counted.append(len(gone))
        return await list_members(group, enough=enough)

    monkeypatch.setattr(world.directory, "members", members)
    for one in people(90):
        gone.append(one)
        world.directory.leave(ENGINEERING, one)
        await looks(world)

    assert counted[-3:] == [40, 41, 82]
    assert (await states(world))[State.HELD] == 90


@virtual
async def test_thousands_who_leave_in_parts_are_held_from_a_fifth_on() -> None:
    world = await watching(0, brake_target_removals=1_000_000)
    everybody = people(10_000)
    world.directory.join(ENGINEERING, *everybody)
    held_from = []

    for start in range(0, 8_000, 800):
        leavers = everybody[start : start + 800]
        world.directory.leave(ENGINEERING, *leavers)
        judged = await judge_removals(world.context, world.target, {ENGINEERING: leavers})
        if judged:
            held_from.append((start, judged[ENGINEERING].reason))

    assert held_from[0] == (1_600, "2400 of 10000 members left within minutes")
    assert held_from[-1] == (7_200, "8000 of 10000 members left within minutes")
    assert len(held_from) == 8


@virtual
async def test_at_the_trip_every_removal_that_waits_for_its_call_is_held() -> None:
    """Sixty of a hundred, four a second, while calls take their time."""
    world = await watching(100)

    async def leave_one_by_one() -> None:
        for name in people(60):
            world.directory.leave(ENGINEERING, name)
            await looks(world)
            await asyncio.sleep(0.25)

    leaving = asyncio.create_task(leave_one_by_one())
    await asyncio.sleep(0.1)
    while not leaving.done():
        await drain(world.context, WAKE)
        await asyncio.sleep(0.1)
    await asyncio.sleep(60)
    await drain(world.context, WAKE)

    trips = [e for e in world.events if e.name == "brake"]
    done = (await states(world))[State.SUCCEEDED]
    assert [e.fields["reason"].split()[0] for e in trips] == ["21", "42"]
    assert done + (await states(world))[State.HELD] == 60
    tripped_at = 20 * 0.25
    begun = world.directory.calls[0].at
    late = [c for c in world.directory.calls if c.at > begun + timedelta(seconds=tripped_at)]
    assert late == []
    assert done <= 20


@virtual
async def test_a_removal_written_down_while_the_brake_trips_is_held_too() -> None:
    """Another process counted before the trip, and writes its row after it."""
    world = await watching(100)
    count = RecentRemovals.count

    async def trips_meanwhile(self: RecentRemovals, *args: object, **more: object) -> object:
        tally = await count(self, *args, **more)  # type: ignore[arg-type]
        trip = Trip(target=TOTAL, group=ENGINEERING, at=now(), reason="too many", next_action="")
        await self.trip(trip)
        return tally

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecentRemovals, "count", trips_meanwhile)
        await admit(world.context, [found(ENGINEERING, user(1), Action.REMOVED, 9)])

    assert await states(world) == {State.HELD: 1}


@virtual
async def test_one_by_one_over_ten_minutes_is_held_from_where_it_is_too_much() -> None:
    world = await watching(100)

    for name in people(30):
        world.directory.leave(ENGINEERING, name)
        await looks(world)
        await drain(world.context, WAKE)
        await asyncio.sleep(15)

    assert await states(world) == {State.SUCCEEDED: 20, State.HELD: 10}


@virtual
async def test_a_leaver_within_ten_minutes_of_the_trip_is_held() -> None:
    world = await watching(100)
    for name in people(20):
        world.directory.leave(ENGINEERING, name)
        await looks(world)
    await asyncio.sleep((BRAKE_WINDOW - timedelta(seconds=30)).total_seconds())
    world.directory.leave(ENGINEERING, user(21))
    await looks(world)
    await asyncio.sleep(60)  # those before the trip count no more
    world.directory.leave(ENGINEERING, user(22))
    await looks(world)

    assert (await world.row(ENGINEERING, user(22))).state is State.HELD


@virtual
async def test_a_removal_that_an_operator_released_is_not_held_by_the_next_trip() -> None:
    world = await watching(100)
    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    await release_changes(world.context, TOTAL, rows)

    world.directory.leave(ENGINEERING, *people(30, first=61))
    await looks(world)

    assert await states(world) == {State.PENDING: 60, State.HELD: 30}

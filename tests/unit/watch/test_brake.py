"""The brake, row by row of the table in docs/configuration.md: what is held, what went before."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import Action, FoundBy, HeldBy, State
from hasten.domain.intents import Wanted
from hasten.ensure.run import ensure
from hasten.messages import Look, Wake
from hasten.operate.release import discard_changes, held_changes, release_changes
from hasten.operate.release_intents import held_intents
from hasten.provision.drain import drain
from hasten.records import discovered
from hasten.records.recent_removals import RecentRemovals, Trip
from hasten.watch.admit import admit
from hasten.watch.brake import judge_removals
from hasten.watch.look import look, start_watching
from hasten.watch.sweep import discover
from tests.support.ensuring import RUN
from tests.support.posting import OFFBOARD, PROVISION, Posting, at, event, ref, total
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user

WAKE = Wake(target=TOTAL)


def people(count: int, first: int = 1) -> list[str]:
    return [user(number) for number in range(first, first + count)]


async def watching(members: int, **policy: object) -> Posting:
    world = Posting(target=total(**policy))
    for name in people(members):
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *people(members))
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    return world


async def looks(world: Posting, group: str = ENGINEERING) -> None:
    await look(world.context, Look(group=group, noticed_at=now(), found_by=FoundBy.NOTIFICATION))


async def states(world: Posting) -> Counter[State]:
    """Of all removals."""
    rows = [
        *await world.ledger.open_changes(TOTAL),
        *await world.ledger.unproven_changes(TOTAL),
        *await world.ledger.done_changes(TOTAL),
    ]
    return Counter(row.state for row in rows if row.is_removal)


async def held(world: Posting) -> int:
    """Changes and intents together."""
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    intents = await held_intents(world.context, TOTAL, groups=(), users=())
    return len(rows) + len(intents)


def removed(world: Posting) -> int:
    return world.directory.writes["remove_member"]


async def offboards(world: Posting, users: Sequence[int], number: str = "1") -> None:
    """By events of at most 500 people, brought about as the queues would."""
    given = event(OFFBOARD, event_id=number, users=[ref(n) for n in users])
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await world.posts(given)
    for part in world.sent_on():
        await world.receives(part)
    world.bus.sent.clear()


# --- one look ---


@virtual
@pytest.mark.parametrize(("leavers", "members"), [(60, 100), (500, 600)])
async def test_all_who_leave_in_one_look_are_held(leavers: int, members: int) -> None:
    world = await watching(members)
    world.directory.leave(ENGINEERING, *people(leavers))

    await looks(world)
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: leavers}
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
async def test_eighty_thousand_who_leave_in_parts_are_held_from_a_fifth_on() -> None:
    world = await watching(0, brake_target_removals=1_000_000)
    everybody = people(100_000)
    world.directory.join(ENGINEERING, *everybody)
    held_from = []

    for start in range(0, 80_000, 8_000):
        leavers = everybody[start : start + 8_000]
        world.directory.leave(ENGINEERING, *leavers)
        judged = await judge_removals(world.context, world.target, {ENGINEERING: leavers})
        if judged:
            held_from.append((start, judged[ENGINEERING].reason))

    assert held_from[0] == (16_000, "24000 of 100000 members left within minutes")
    assert held_from[-1] == (72_000, "80000 of 100000 members left within minutes")
    assert len(held_from) == 8


# --- one by one ---


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

    [trip] = [e for e in world.events if e.name == "brake"]
    done = (await states(world))[State.SUCCEEDED]
    assert trip.result == "held"
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
async def test_whoever_leaves_within_ten_minutes_of_the_trip_is_held() -> None:
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
async def test_what_an_operator_released_is_not_held_by_the_next_trip() -> None:
    world = await watching(100)
    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    await release_changes(world.context, TOTAL, rows)

    world.directory.leave(ENGINEERING, *people(30, first=61))
    await looks(world)

    assert await states(world) == {State.PENDING: 60, State.HELD: 30}


# --- many groups ---


async def forty_groups(world: Posting) -> dict[str, list[str]]:
    groups = {f"0000dddd-0000-4000-8000-{n:012}": people(100, first=1000 * n) for n in range(1, 41)}
    for number, (group, members) in enumerate(groups.items()):
        world.directory.has_group(group, f"Found-{number}")
        world.directory.join(group, *members)
        await start_watching(world.context, group)
    known = await discovered.load(world.store, TOTAL)
    assert known is not None
    await discovered.save(
        world.store,
        discovered.DiscoveredTarget(
            target=TOTAL,
            service_principal=known.service_principal,
            job=known.job,
            user_rule=known.user_rule,
            group_rule=known.group_rule,
            groups=list(groups),
        ),
    )
    return groups


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


# --- events ---


@virtual
async def test_sixty_offboarded_one_by_one_hold_the_rows_that_wait_and_the_intents() -> None:
    world = await watching(100)

    for number in range(1, 61):
        await offboards(world, [number], number=str(number))
        await ensure(world.context, RUN)

    assert removed(world) == 20
    assert await held(world) == 60
    assert world.directory.calls == []


@virtual
@pytest.mark.parametrize("members", [600, 1200, 4000])
async def test_an_offboard_of_five_hundred_is_held_before_the_first_write(members: int) -> None:
    world = await watching(members)

    await offboards(world, range(1, 501))
    await ensure(world.context, RUN)

    assert removed(world) == 0
    assert await held(world) == 500


@virtual
async def test_an_event_that_is_split_is_held_whole_though_its_last_part_is_small() -> None:
    world = await watching(6000)
    given = event(OFFBOARD, users=[ref(n) for n in range(1, 502)])
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await world.posts(given)

    [_, last] = world.sent_on()
    await world.receives(last)
    await ensure(world.context, RUN)

    assert removed(world) == 0
    assert await held(world) == 1


@virtual
async def test_offboards_of_many_groups_in_one_run_are_judged_together_before_a_write() -> None:
    world = await watching(0)
    groups = await forty_groups(world)
    for group, members in groups.items():
        await world.wants(group, *members[:10], wanted=Wanted.ABSENT)

    await ensure(world.context, RUN)

    assert removed(world) == 0
    assert await held(world) == 400


# --- provision ---


@virtual
async def test_a_provision_that_names_the_group_does_not_go_round_the_brake() -> None:
    """Sixty left, and events ask for them before a look has seen it."""
    world = await watching(100)
    world.directory.leave(ENGINEERING, *people(60))
    users = [ref(n) for n in range(1, 61)]

    await world.posts(event(PROVISION, users=users, group={"id": ENGINEERING}))
    await world.ensures()
    await looks(world)
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: 60}
    assert world.directory.calls == []


@virtual
@pytest.mark.parametrize("discards", [False, True])
async def test_a_provision_has_nobody_called_whom_the_brake_held(*, discards: bool) -> None:
    world = await watching(100)
    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)
    if discards:
        rows = await held_changes(world.context, TOTAL, groups=(), users=())
        await discard_changes(world.context, TOTAL, rows)

    for number in range(1, 61):
        users = [ref(number)]
        given = event(PROVISION, event_id=str(number), users=users, group={"id": ENGINEERING})
        await world.posts(given)
        await world.ensures()
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: 60}
    assert world.directory.calls == []


@virtual
async def test_offboards_of_people_who_left_by_hand_do_not_go_round_the_brake() -> None:
    """They have rows that say joined, and no look has seen them leave."""
    world = await watching(0)
    for name in people(100):
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *people(100))
    await looks(world)
    await drain(world.context, WAKE)
    world.directory.leave(ENGINEERING, *people(60))
    called = len(world.directory.calls)

    given = event(OFFBOARD, users=[ref(n) for n in range(1, 61)], time=at(1))
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await asyncio.sleep(1)
    await world.posts(given)
    await world.ensures()
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: 60}
    assert len(world.directory.calls) == called


# --- unassigning ---


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

"""What the nightly run deletes and keeps, and what counts within the window of the brake."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import Action, Cause, State
from hasten.domain.intents import Intent, Wanted
from hasten.domain.long_ago import LONG_AGO
from hasten.ports.store import Put
from hasten.records import (
    drops,
    failures,
    first_times,
    kept_memberships,
    running_targets,
    speed,
)
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.recent_removals import RecentRemovals, Trip
from hasten.targets import Target
from tests.fakes.memory_store import MemoryStore
from tests.support.done_changes import done_changes
from tests.support.history import entry, names
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user

INSTANT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


async def first_times_left(store: MemoryStore, ids: Sequence[str]) -> list[str]:
    entries = [replace(entry(name), id=name, at=START + MINUTE) for name in ids]
    kept = await first_times.with_first_times(store, entries)
    return [one.id for one in kept if one.at < START + MINUTE]


@virtual
async def test_first_times_are_forgotten_in_every_partition_and_only_older_ones() -> None:
    store = MemoryStore()
    ids = [f"{digit}{number}" for digit in "0f" for number in range(2)]
    old, kept = START - INSTANT, START
    times = {name: old if name.endswith("0") else kept for name in ids}
    assert await first_times.first_times(store, times) == times

    await first_times.forget(store, START)

    assert await first_times_left(store, ids) == ["01", "f1"]


@virtual
async def test_many_first_times_of_one_partition_are_written_and_forgotten() -> None:
    store = MemoryStore()
    ids = [f"a{number:03}" for number in range(201)]
    assert len(await first_times.first_times(store, dict.fromkeys(ids, START))) == 201

    await first_times.forget(store, START)
    assert len(await first_times_left(store, ids)) == 201
    await first_times.forget(store, START + INSTANT)
    assert len(await store.scan(first_times.FIRST_TIMES_COLLECTION, "a")) == 0


@virtual
async def test_entries_with_one_id_get_the_first_of_their_times() -> None:
    store = MemoryStore()
    early, late = (replace(entry("x"), at=START + n * MINUTE) for n in (1, 2))

    assert [e.at for e in await first_times.with_first_times(store, [early, late])] == [
        early.at,
        early.at,
    ]
    [again] = await first_times.with_first_times(store, [late])
    assert (again.at, names([again])) == (early.at, ["x"])


@virtual
async def test_only_older_dropped_events_that_were_reported_are_forgotten() -> None:
    store = MemoryStore()
    minutes = (-1, 0)
    for number in minutes:
        one = drops.Dropped(
            what="scheduled",
            message=f"m{number}",
            event="e",
            by="ada",
            reason="r",
            at=START + number * MINUTE,
        )
        await drops.save(store, one)
        [(document, known)] = await drops.unreported(store)
        assert known.message == one.message
        await drops.reported(store, document)
        assert await drops.unreported(store) == []

    await drops.forget(store, START)

    assert [one.message for one in await drops.load_all(store)] == ["m0"]


@virtual
async def test_a_dropped_event_that_an_older_version_saved_is_reported_once() -> None:
    store, key = MemoryStore(), f"{drops.NEW_PREFIX}20261124T090000|m-1"
    old = drops.Dropped(what="rejected", message="m-1", event="e", by="ada", reason="r", at=START)
    body = drops.put_of(old).body
    await store.commit(drops.DROPS_COLLECTION, drops.DROPS_PARTITION, [Put(key, body)])

    [(document, known)] = await drops.unreported(store)
    await drops.reported(store, document)

    assert known.message == "m-1"
    assert await drops.unreported(store) == []
    assert len(await drops.load_all(store)) == 1


@virtual
async def test_only_older_days_of_speed_are_forgotten_and_a_range_includes_its_start() -> None:
    store = MemoryStore()
    partition = speed.TARGET_PREFIX + TOTAL
    days = [f"2026-11-{day}" for day in (22, 23, 24, 25)]
    body = {"upto": 1, "steps": {}, "results": {}}
    await store.commit(speed.SPEED_COLLECTION, partition, [Put(day, body) for day in days])

    assert list(await speed.days(store, TOTAL, START - timedelta(days=1))) == days[1:]
    await speed.forget(store, TOTAL, START)
    assert list(await speed.days(store, TOTAL, START - timedelta(days=9))) == days[2:]


@virtual
async def test_only_rows_and_marks_from_before_are_forgotten() -> None:
    ledger = Ledger(store := MemoryStore())
    for number, age in enumerate((INSTANT, timedelta())):
        row = found(ENGINEERING, user(number), Action.ADDED, 1)
        ended = replace(row, state=State.FAILED, finished_at=START - age)
        await ledger.record([ended])

    assert await ledger.forget(TOTAL, START) == 1
    assert [row.user for row in await done_changes(store, TOTAL)] == [user(1)]
    assert [one.user for one in await failures.since(store, TOTAL, LONG_AGO)] == [user(1)]
    assert await failures.since(store, TOTAL, START) == []


@virtual
async def test_only_done_intents_of_older_events_are_forgotten() -> None:
    intents = Intents(MemoryStore())
    given = [
        Intent(
            target=TOTAL,
            group=ENGINEERING,
            user=user(number),
            wanted=Wanted.MEMBER,
            time=START - age,
            cause=Cause("/hr", "1"),
            recorded_at=START,
        )
        for number, age in enumerate((INSTANT, INSTANT, timedelta()))
    ]
    await intents.record(given)
    await intents.finish([given[0], given[2]], "recorded")

    assert await intents.forget(TOTAL, START) == 1
    left = [await intents.find(TOTAL, ENGINEERING, user(number)) for number in range(3)]
    assert [one is None for one in left] == [True, False, False]


@virtual
async def test_a_kept_place_is_forgotten_once_its_last_call_is_older() -> None:
    store = MemoryStore()
    for number, ages in enumerate([(MINUTE, INSTANT), (MINUTE, timedelta())]):
        for group, age in zip("ab", ages, strict=True):
            at = START - age
            commit = kept_memberships.noting(store, TOTAL, user(number), [group], at)
            assert await commit([]) == []

    assert await kept_memberships.forget(store, TOTAL, START) == 1
    assert await kept_memberships.find(store, TOTAL, user(0)) is None
    kept = await kept_memberships.find(store, TOTAL, user(1))
    assert kept is not None
    assert kept.groups == {"a": START - MINUTE, "b": START}
    await kept_memberships.remove(store, replace(kept, groups={}))
    assert await kept_memberships.find(store, TOTAL, user(1)) == kept
    await kept_memberships.remove(store, kept)
    assert await kept_memberships.find(store, TOTAL, user(1)) is None


@virtual
async def test_leavers_and_trips_count_within_the_window_of_the_brake() -> None:
    removals = RecentRemovals(MemoryStore())
    trip = Trip(target=TOTAL, group="g", at=START, reason="r", next_action="n")
    await removals.count(TOTAL, {"g": [user(1), user(2)], "h": [user(1)]}, START)
    await removals.trip(trip)
    await removals.trip(replace(trip, at=START + MINUTE, reason="again"))
    trip = replace(trip, reason="again")
    ends = START + BRAKE_WINDOW

    within = await removals.count(TOTAL, {}, ends - timedelta(seconds=1))
    assert (within.groups, within.people) == ({"g": 2, "h": 1}, 2)
    assert (within.trip("g"), within.trip("h")) == (trip, None)
    assert await removals.tripped(TOTAL, "g", ends - INSTANT) == trip
    assert await removals.tripped(TOTAL, "h", START) is None
    assert await removals.tripped(TOTAL, "g", ends) is None
    after = await removals.count(TOTAL, {}, ends)
    assert (after.groups, after.people, after.trip("g")) == ({}, 0, None)


@virtual
async def test_what_an_operator_expects_counts_for_a_day() -> None:
    store = MemoryStore()
    ours, other = (Target(name=TOTAL, display_name=text) for text in ("a", "b"))
    await running_targets.expect(store, [other], START)
    assert await running_targets.load(store) is None
    await running_targets.save(store, [ours], START)

    await running_targets.expect(store, [other], START)
    ends = START + running_targets.EXPECTED_FOR

    assert await running_targets.save(store, [ours], ends - INSTANT) == [TOTAL]
    assert await running_targets.save(store, [other], START) == []
    assert await running_targets.save(store, [ours], ends) == []
    assert await running_targets.load(store) == {TOTAL: running_targets.digest(ours)}
    assert len(running_targets.digest(ours)) == 16


@virtual
async def test_events_with_ids_of_the_longest_kind_are_dropped_each_by_itself() -> None:
    """Service Bus takes an id of 128 characters."""
    store = MemoryStore()
    one = drops.Dropped(
        what="rejected", message="m" * 127 + "a", event="e", by="ada", reason="r", at=START
    )
    other = replace(one, message="m" * 127 + "b")

    for saved in (one, other, one):
        await drops.save(store, saved)

    assert {dropped.message[-1] for dropped in await drops.load_all(store)} == {"a", "b"}
    assert str(one) == "ada dropped the rejected event e at 2026-11-24 09:00Z: r"
    assert f"event {other.message} at" in str(replace(other, event=""))

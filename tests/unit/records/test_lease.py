"""The lease of a target, as several workers with clocks of their own see it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from hasten.errors import Conflict, TemporaryError
from hasten.limits import LONGEST_WRITE
from hasten.ports.clock import Now
from hasten.ports.store import Put, Write
from hasten.records.lease import Displaced, Lease, acquire
from hasten.records.lease_record import (
    BEAT_FRESH_FOR,
    BEAT_INTERVAL,
    BEAT_SILENT_AFTER,
    WorkKind,
    load,
)
from hasten.records.ledger_keys import LEDGER_COLLECTION, WINDOW_KEY
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now, virtual

TOTAL = "TOTAL"


def clock(ahead: float) -> Now:
    def ahead_of_ours() -> datetime:
        return now() + timedelta(seconds=ahead)

    return ahead_of_ours


async def take(
    store: MemoryStore, owner: str, *, kind: WorkKind = WorkKind.DRAIN, ahead: float = 0
) -> Lease | None:
    return await acquire(store, TOTAL, kind, owner=owner, now=clock(ahead))


async def held(store: MemoryStore, owner: str, kind: WorkKind = WorkKind.DRAIN) -> Lease:
    lease = await take(store, owner, kind=kind)
    assert lease is not None
    return lease


async def passes(span: timedelta) -> None:
    await asyncio.sleep(span.total_seconds())


@virtual
async def test_a_wake_that_finds_a_living_holder_leaves_one_mark_that_the_holder_finds() -> None:
    store = MemoryStore()
    holder = await held(store, "one")

    assert await take(store, "two") is None
    assert await take(store, "three") is None

    assert not await holder.release()
    await holder.take_mark()
    assert await holder.release()


@virtual
async def test_a_mark_left_after_the_work_was_read_is_found_and_one_left_before_is_not() -> None:
    store = MemoryStore()
    holder = await held(store, "one")
    await take(store, "before")
    await holder.commit()
    await holder.take_mark()

    await take(store, "after")

    assert not await holder.release()


@virtual
async def test_the_loser_of_a_race_with_a_release_takes_the_lease() -> None:
    """The compare-and-set of the mark: it is never written into a lease that was just let go."""
    store = MemoryStore()
    holder = await held(store, "one")
    commit, released = store.commit, False

    async def release_first(
        collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        nonlocal released
        if not released:
            released = True
            assert await holder.release()
        return await commit(collection, partition, writes)

    store.commit = release_first  # type: ignore[method-assign]

    taken = await take(store, "two")

    assert taken is not None
    assert taken.record.epoch == 2


@virtual
async def test_a_release_that_loses_the_race_with_a_mark_finds_it() -> None:
    store = MemoryStore()
    holder = await held(store, "one")
    commit, marked = store.commit, False

    async def mark_first(
        collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        nonlocal marked
        if not marked:
            marked = True
            assert await take(store, "two") is None
        return await commit(collection, partition, writes)

    store.commit = mark_first  # type: ignore[method-assign]

    assert not await holder.release()


@virtual
async def test_a_wake_is_not_completed_while_it_is_unknown_whether_the_holder_lives() -> None:
    store = MemoryStore()
    await held(store, "one")

    await passes(BEAT_FRESH_FOR + timedelta(seconds=1))
    with pytest.raises(TemporaryError) as waits:
        await take(store, "two")

    await passes(waits.value.delay)
    assert await take(store, "two") is not None


@virtual
async def test_a_holder_that_is_silent_is_displaced_and_can_write_no_more() -> None:
    store = MemoryStore()
    one = await held(store, "one")
    await passes(BEAT_SILENT_AFTER + timedelta(seconds=1))
    two = await held(store, "two")

    with pytest.raises(Displaced):
        await one.commit([Put(WINDOW_KEY, {"call": 1})])
    with pytest.raises(Displaced):
        await one.release()

    assert await store.get(LEDGER_COLLECTION, TOTAL, WINDOW_KEY) is None
    assert (two.record.epoch, await two.release()) == (2, True)


@virtual
async def test_a_mark_does_not_stop_the_holder_from_writing() -> None:
    store = MemoryStore()
    holder = await held(store, "one")
    await take(store, "two")

    [etag] = await holder.commit([Put(WINDOW_KEY, {"call": 1})])
    await holder.commit([Put(WINDOW_KEY, {"call": 2}, etag)])

    assert holder.marked.is_set()
    assert not await holder.release()


@virtual
async def test_a_lost_race_of_what_is_written_with_the_lease_surfaces() -> None:
    store = MemoryStore()
    holder = await held(store, "one")
    await store.commit(LEDGER_COLLECTION, TOTAL, [Put(WINDOW_KEY, {"by": "another"})])

    with pytest.raises(Conflict, match="window"):
        await holder.commit([Put(WINDOW_KEY, {"by": "holder"})])

    assert await holder.release()


@pytest.mark.parametrize("ahead", [-5.0, 5.0])
def test_clocks_a_few_seconds_apart_displace_nobody_who_beats(ahead: float) -> None:
    @virtual
    async def run() -> None:
        store = MemoryStore()
        holder = await held(store, "one")
        for _ in range(20):
            await passes(BEAT_INTERVAL)
            with suppress(TemporaryError):  # it waits
                assert await take(store, "two", ahead=ahead) is None
            await holder.beat()

    run()


@virtual
async def test_a_holder_whose_clock_is_an_hour_ahead_does_not_keep_its_target_when_it_dies() -> (
    None
):
    store = MemoryStore()
    await take(store, "one", ahead=3600)

    assert await take(store, "two") is not None


@virtual
async def test_a_drain_and_an_ensure_of_one_target_do_not_wait_for_each_other() -> None:
    store = MemoryStore()

    await held(store, "one", WorkKind.DRAIN)
    await held(store, "two", WorkKind.ENSURE)


@virtual
async def test_a_lease_whose_answer_was_lost_keeps_the_next_wake_until_it_is_silent() -> None:
    """The holder ended with the error: a mark left with it would be read by nobody."""
    store = MemoryStore()
    commit = store.commit

    async def answer_is_lost(
        collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        await commit(collection, partition, writes)
        raise TemporaryError("the store did not answer", timedelta(seconds=1))

    store.commit = answer_is_lost  # type: ignore[method-assign]
    with pytest.raises(TemporaryError) as lost:
        await take(store, "one")
    store.commit = commit  # type: ignore[method-assign]

    await passes(lost.value.delay)
    assert await take(store, "two") is not None


@virtual
async def test_the_writes_that_a_displaced_worker_may_still_make_are_handed_on() -> None:
    store = MemoryStore()
    one = await held(store, "one", WorkKind.ENSURE)

    async with one.writing(["group|user"]):
        await passes(BEAT_SILENT_AFTER + timedelta(seconds=1))
        two = await held(store, "two", WorkKind.ENSURE)
        await two.release()

    known = await load(store, TOTAL, WorkKind.ENSURE)
    assert known.due(now()) == []
    assert known.due(now() + LONGEST_WRITE) == ["group|user"]


@virtual
async def test_a_write_whose_end_was_seen_is_not_looked_at_again() -> None:
    store = MemoryStore()
    one = await held(store, "one", WorkKind.ENSURE)
    async with one.writing(["group|user"]):
        pass
    await one.release()

    assert not (await load(store, TOTAL, WorkKind.ENSURE)).unsure


@virtual
async def test_a_write_that_got_no_answer_is_looked_at_again_by_whoever_works_next() -> None:
    store = MemoryStore()
    one = await held(store, "one", WorkKind.ENSURE)
    with pytest.raises(TemporaryError):
        async with one.writing(["group|user"]):
            raise TemporaryError("Graph did not answer", timedelta(seconds=5))
    await one.release()

    two = await held(store, "two", WorkKind.ENSURE)
    assert two.record.due(now() + LONGEST_WRITE) == ["group|user"]
    two.seen_again(["group|user"])
    await two.release()

    assert not (await load(store, TOTAL, WorkKind.ENSURE)).unsure

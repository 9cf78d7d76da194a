"""When a holder beats, when a wake waits, and what remains of a lease that changes hands."""

import asyncio
from datetime import timedelta

import pytest

from hasten.errors import Conflict, TemporaryError
from hasten.limits import LONGEST_WRITE
from hasten.ports.directory_errors import NotYet
from hasten.ports.store import MAX_WRITES, Delete, Put
from hasten.records.lease import MAX_LOST_RACES, Lease, acquire
from hasten.records.lease_record import (
    BEAT_FRESH_FOR,
    BEAT_INTERVAL,
    BEAT_SILENT_AFTER,
    LeaseRecord,
    WokenBy,
    WorkKind,
    load,
)
from hasten.records.ledger_keys import LEDGER_COLLECTION
from tests.fakes.memory_store import MemoryStore
from tests.support.racing_store import Losing
from tests.support.virtual_time import START, now, virtual
from tests.support.world import TOTAL

SECOND, INSTANT = timedelta(seconds=1), timedelta(microseconds=1)
DRAIN, ENSURE = WorkKind.DRAIN, WorkKind.ENSURE


async def take(store: MemoryStore, owner: str, by: WokenBy = WokenBy.MESSAGE) -> Lease | None:
    return await acquire(store, TOTAL, ENSURE, owner=owner, now=now, by=by)


async def held(store: MemoryStore, owner: str = "one", by: WokenBy = WokenBy.MESSAGE) -> Lease:
    lease = await take(store, owner, by)
    assert lease is not None
    return lease


async def stored(store: MemoryStore) -> LeaseRecord:
    return await load(store, TOTAL, ENSURE)


async def passes(span: timedelta) -> None:
    await asyncio.sleep(span.total_seconds())


@virtual
async def test_a_holder_beats_every_five_seconds() -> None:
    store = MemoryStore()
    lease = await held(store)
    await passes(BEAT_INTERVAL - SECOND)
    await lease.beat()
    assert (await stored(store)).beat_at == START

    await passes(SECOND)
    await lease.beat()

    assert (await stored(store)).beat_at == START + BEAT_INTERVAL == lease.record.beat_at


@pytest.mark.parametrize(
    ("age", "delay"),
    [
        (BEAT_FRESH_FOR, None),
        (BEAT_FRESH_FOR + SECOND, 16),
        (BEAT_SILENT_AFTER, 5),
    ],
)
@virtual
async def test_a_wake_leaves_a_mark_while_the_holder_lives_and_waits_while_that_is_unknown(
    age: timedelta, delay: float | None
) -> None:
    store = MemoryStore()
    await held(store)
    await passes(age)

    if delay is None:
        assert await take(store, "two") is None
        assert (await stored(store)).is_marked
    else:
        with pytest.raises(TemporaryError) as waits:
            await take(store, "two")
        assert waits.value.delay == delay * SECOND
        assert not (await stored(store)).is_marked


@virtual
async def test_a_silent_holder_is_displaced_and_its_epoch_and_signs_are_handed_on() -> None:
    store = MemoryStore()
    one = await held(store, by=WokenBy.STAND_IN)
    assert (one.record.epoch, one.record.stood_in_at) == (1, START)
    await passes(BEAT_SILENT_AFTER + SECOND)

    two = await held(store, "two")

    assert (two.record.epoch, two.record.owner) == (2, "two")
    assert (two.record.stood_in_at, two.record.came_at) == (START, now())
    assert two.record.is_marked is False


@virtual
async def test_a_message_that_comes_while_a_timer_works_shows_that_the_trigger_lives() -> None:
    store = MemoryStore()
    lease = await held(store, by=WokenBy.STAND_IN)
    await passes(SECOND)
    assert await take(store, "two") is None
    await passes(BEAT_INTERVAL)

    await lease.beat()
    await lease.release(although_marked=True)

    record = await stored(store)
    assert (record.stood_in_at, record.came_at) == (START, START + SECOND)


@pytest.mark.parametrize("by", WokenBy)
@virtual
async def test_each_worker_leaves_its_own_sign_of_life(by: WokenBy) -> None:
    store = MemoryStore()
    lease = await held(store, by=by)
    await passes(BEAT_INTERVAL)
    await lease.commit()

    record = await stored(store)

    assert (record.came_at == now()) is (by is WokenBy.MESSAGE)
    assert (record.stood_in_at == now()) is (by is WokenBy.STAND_IN)
    assert (lease.record.came_at, lease.record.stood_in_at) == (record.came_at, record.stood_in_at)


@pytest.mark.parametrize("by", WokenBy)
@virtual
async def test_only_a_message_that_leaves_a_mark_counts_as_one_that_came(by: WokenBy) -> None:
    store = MemoryStore()
    await held(store, by=WokenBy.POLICY)
    await passes(SECOND)

    assert await take(store, "two", by) is None

    assert ((await stored(store)).came_at == now()) is (by is WokenBy.MESSAGE)


@virtual
async def test_who_holds_the_lease_already_gets_it_again() -> None:
    store = MemoryStore()
    await held(store)
    commits = store.commits

    again = await held(store)

    assert (again.record.epoch, store.commits) == (1, commits)
    assert await again.release()
    assert (await stored(store)).owner == ""


@virtual
async def test_a_holder_that_gives_up_its_work_releases_although_there_is_a_mark() -> None:
    store = MemoryStore()
    lease = await held(store)
    await take(store, "two")
    assert not await lease.release()
    assert lease.marked.is_set()
    assert not await lease.release()

    assert await lease.release(although_marked=True)

    record = await stored(store)
    assert (record.owner, record.is_marked) == ("", False)


@virtual
async def test_a_mark_is_taken_from_the_store_once() -> None:
    store = MemoryStore()
    lease = await held(store)
    commits = store.commits
    await lease.take_mark()
    assert store.commits == commits
    await take(store, "two")
    await lease.commit()
    assert lease.marked.is_set()
    assert (await stored(store)).is_marked

    await lease.take_mark()

    assert not lease.marked.is_set()
    assert not (await stored(store)).is_marked
    assert await lease.release()


@virtual
async def test_races_that_are_lost_eight_times_end_as_such() -> None:
    store = Losing()
    store.loses = False
    lease = await held(store)
    store.loses, store.tries = True, 0

    with pytest.raises(Conflict):
        await lease.commit()
    assert store.tries == MAX_LOST_RACES
    with pytest.raises(Conflict):
        await lease.release()
    assert store.tries == 2 * MAX_LOST_RACES

    free = Losing()
    with pytest.raises(TemporaryError) as busy:
        await take(free, "one")
    assert (free.tries, busy.value.delay) == (MAX_LOST_RACES, SECOND)


@virtual
async def test_what_is_no_longer_needed_is_deleted_with_the_next_commits() -> None:
    store = MemoryStore()
    lease = await held(store)
    puts = [Put(f"x{n:03}", {}) for n in range(MAX_WRITES)]
    etags = await store.commit(LEDGER_COLLECTION, TOTAL, puts)
    deletes = [Delete(put.key, str(etag)) for put, etag in zip(puts, etags, strict=True)]
    lease.deletes = [*deletes]

    [etag] = await lease.commit([Put("y", {})])

    assert lease.deletes == deletes[-2:]
    assert etag is not None
    await store.commit(LEDGER_COLLECTION, TOTAL, [deletes[-1]])
    assert await lease.commit() == []
    assert lease.deletes == []
    left = [d.key for d in await store.scan(LEDGER_COLLECTION, TOTAL, "x")]
    assert left == [deletes[-2].key]


@pytest.mark.parametrize(
    ("error", "is_unsure"),
    [(None, False), (NotYet("later"), False), (TemporaryError("503", SECOND), True)],
)
@virtual
async def test_a_write_without_an_answer_is_looked_at_again_after_it_must_have_ended(
    error: Exception | None, *, is_unsure: bool
) -> None:
    store = MemoryStore()
    lease = await held(store)

    async def write() -> None:
        async with lease.writing(["a", "b"]):
            assert (await stored(store)).writing == ("a", "b")
            if error is not None:
                raise error

    if error is None:
        await write()
    else:
        with pytest.raises(type(error)):
            await write()
    await lease.commit()

    record = await stored(store)
    assert record.writing == ()
    assert record.unsure == (dict.fromkeys("ab", now() + LONGEST_WRITE) if is_unsure else {})
    lease.seen_again(["a"])
    assert set(lease.record.unsure) == ({"b"} if is_unsure else set())


@virtual
async def test_an_unexpected_end_of_a_write_leaves_nothing_to_look_at() -> None:
    store = MemoryStore()
    lease = await held(store)

    with pytest.raises(KeyError):
        async with lease.writing(["a"]):
            raise KeyError

    assert (lease.record.writing, lease.record.unsure) == ((), {})


@virtual
async def test_a_store_that_does_not_answer_keeps_the_next_wake_until_the_lease_is_silent() -> None:
    class Down(MemoryStore):
        error: TemporaryError | None = None

        async def commit(self, *given: object) -> list[str | None]:
            if self.error is not None:
                raise self.error
            return list(await super().commit(*given))  # type: ignore[arg-type]

    store, silent = Down(), BEAT_SILENT_AFTER + BEAT_INTERVAL
    for delay in (SECOND, silent + SECOND):
        store.error = TemporaryError("503", delay)
        with pytest.raises(TemporaryError) as waits:
            await take(store, "one")
        assert waits.value.delay == max(delay, silent)
    store.error = None
    lease = await held(store)
    store.error = TemporaryError("503", SECOND)
    with pytest.raises(TemporaryError) as waits:
        await take(store, "two")
    assert waits.value.delay == SECOND
    with pytest.raises(TemporaryError) as waits:
        await lease.release()
    assert waits.value.delay == silent

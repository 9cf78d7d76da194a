"""The marks of failed rows: the newest first, without reading the older ones."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from hasten.domain.changes import Action, Change, HeldBy, State
from hasten.ports.store import Document
from hasten.records import failures
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION, PROOF_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


def row(number: int, action: Action = Action.ADDED) -> Change:
    return found(ENGINEERING, user(number), action, 1)


async def marked(store: CountingStore, ages: list[timedelta]) -> None:
    puts = [failures.put(row(number), now() - age) for number, age in enumerate(ages)]
    for start in range(0, len(puts), 100):
        await store.commit(LEDGER_COLLECTION, TOTAL, puts[start : start + 100])
    store.requests = 0


@virtual
async def test_the_newest_failure_comes_first_and_old_ones_are_left_out() -> None:
    store = CountingStore(MemoryStore())
    await marked(store, [timedelta(hours=3), timedelta(minutes=1), timedelta(hours=30)])

    seen = await failures.since(store, TOTAL, now() - timedelta(hours=24))

    assert [one.user for one in seen] == [user(1), user(0)]


@virtual
async def test_many_failures_are_read_in_parts_and_no_further_than_asked() -> None:
    store = CountingStore(MemoryStore())
    await marked(store, [timedelta(seconds=n) for n in range(250)])

    every = await failures.since(store, TOTAL, now() - timedelta(hours=24))
    spent = store.requests
    some = await failures.since(store, TOTAL, now() - timedelta(hours=24), limit=120)

    assert (len(every), spent) == (250, 3)
    assert some == every[:120]


@virtual
async def test_old_failures_cost_nothing() -> None:
    store = CountingStore(MemoryStore())
    await marked(store, [timedelta(days=2, seconds=n) for n in range(500)])

    assert await failures.since(store, TOTAL, now() - timedelta(hours=24)) == []
    assert store.requests == 1


@virtual
async def test_marks_are_forgotten_with_the_rows() -> None:
    store = CountingStore(MemoryStore())
    await marked(store, [timedelta(days=1), timedelta(days=100)])

    await failures.forget_old(store, TOTAL, now() - timedelta(days=90))

    left = await store.scan(LEDGER_COLLECTION, TOTAL, "failed|")
    assert [document.body["user"] for document in left] == [user(0)]


@virtual
async def test_removals_are_listed_first_however_old_they_are() -> None:
    store = CountingStore(MemoryStore())
    await marked(store, [timedelta(seconds=n) for n in range(150)])
    old = [failures.put(row(n, Action.REMOVED), now() - timedelta(days=n)) for n in (200, 60)]
    await store.commit(LEDGER_COLLECTION, TOTAL, old)

    seen = await failures.since(store, TOTAL, now() - timedelta(hours=24), limit=3)

    assert [one.user for one in seen] == [user(60), user(200), user(0)]


@virtual
async def test_mended_failures_hide_no_other_from_the_next_reader_of_few() -> None:
    store = MemoryStore()
    ledger = Ledger(store)
    rows = await ledger.record([row(n, Action.REMOVED) for n in range(5)])
    failed = [
        *await ledger.move(rows[:1], partial(fail, at=now() - timedelta(days=3))),
        *await ledger.move(rows[1:], partial(fail, at=now())),
    ]
    await ledger.move(failed[1:3], lambda known: replace(known, state=State.CONFIRMED))
    await ledger.move(failed[3:4], lambda known: replace(known, state=State.HELD))
    await ledger.remove([failed[4]])

    async def read(*, forget_mended: bool) -> list[str]:
        seen = await ledger.failed_changes(TOTAL, now(), 3, forget_mended=forget_mended)
        return [one.user for one in seen]

    assert await read(forget_mended=False) == []
    assert await read(forget_mended=True) == []
    assert await read(forget_mended=True) == [user(0)]
    left = await store.scan(LEDGER_COLLECTION, TOTAL, "failed|")
    assert [document.body["user"] for document in left] == [user(0)]


@pytest.mark.parametrize(("age", "seen"), [(1, [Action.ADDED]), (48, [])])
@virtual
async def test_a_grant_that_fails_after_its_removal_did_counts_as_a_grant(
    age: int, seen: list[Action]
) -> None:
    ledger = Ledger(MemoryStore())
    removals = await ledger.record([row(0, Action.REMOVED)])
    await ledger.move(removals, partial(fail, at=now() - timedelta(days=3)))
    grants = await ledger.record([found(ENGINEERING, user(0), Action.ADDED, 2)])
    await ledger.move(grants, partial(fail, at=now() - timedelta(hours=age)))

    since = now() - timedelta(hours=24)
    failed = [await ledger.failed_changes(TOTAL, since, 2, forget_mended=True) for _ in range(2)]

    assert [[one.action for one in some] for some in failed] == [seen, seen]


class MovingStore(MemoryStore):
    """Another worker ends the wait for proof of rows while the first place of one is read."""

    def __init__(self) -> None:
        super().__init__()
        self.settling: list[Change] = []

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        if key.startswith(PROOF_PREFIX) and self.settling:
            rows, self.settling = self.settling, []
            await asyncio.sleep(0)  # a read of the place after it is under way, too
            await Ledger(self).move(rows, lambda seen: replace(seen, needs_proof=False))
        return await super().get(collection, partition, key)


@virtual
async def test_the_mark_of_a_row_stays_whose_wait_for_proof_ends_while_it_is_read() -> None:
    store = MovingStore()
    ledger = Ledger(store)
    rows = await ledger.record([row(0, Action.REMOVED)])
    store.settling = await ledger.move(
        rows, lambda known: replace(fail(known, at=now()), needs_proof=True)
    )

    seen = [await ledger.failed_changes(TOTAL, now(), 3, forget_mended=True) for _ in range(2)]

    assert [[one.needs_proof for one in some] for some in seen] == [[False], [False]]


@virtual
async def test_the_mark_of_a_row_that_cannot_be_read_stays() -> None:
    store = CountingStore(MemoryStore())
    await marked(store, [timedelta()])
    [mark] = await failures.since(store, TOTAL, now() - timedelta(hours=24))
    unreadable = replace(row(0), state=State.HELD, held_by=HeldBy.UNREADABLE)

    await failures.forget_mended(store, TOTAL, [(mark, unreadable)])

    assert await failures.since(store, TOTAL, now() - timedelta(hours=24)) == [mark]


def fail(known: Change, *, at: datetime) -> Change:
    return replace(known, state=State.FAILED, finished_at=at)


@virtual
async def test_a_removal_that_fails_again_and_again_hides_no_other_and_is_marked_once() -> None:
    store = CountingStore(MemoryStore())
    times = [(2, timedelta(days=3)), *((1, timedelta(hours=n)) for n in range(60))]
    puts = [failures.put(row(number, Action.REMOVED), now() - age) for number, age in times]
    await store.commit(LEDGER_COLLECTION, TOTAL, puts)

    seen = await failures.since(store, TOTAL, now(), limit=2)
    await failures.forget_old(store, TOTAL, now() - timedelta(days=90))

    assert [(one.user, one.at) for one in seen] == [
        (user(1), now()),
        (user(2), now() - timedelta(days=3)),
    ]
    left = await store.scan(LEDGER_COLLECTION, TOTAL, "failed|")
    assert [document.body["user"] for document in left] == [user(1), user(2)]

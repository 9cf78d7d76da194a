"""The marks of failed rows: the newest first, without reading the older ones."""

from dataclasses import replace
from datetime import timedelta

from hasten.domain.changes import Action, Change, State
from hasten.records import failures
from hasten.records.failures import Failure
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


def row(number: int, action: Action = Action.ADDED) -> Change:
    return found(ENGINEERING, user(number), action, 1)


async def never(_: Failure) -> bool:
    return False


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

    await failures.forget(store, TOTAL, now() - timedelta(days=90), never)

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
async def test_the_mark_of_a_removal_is_forgotten_once_it_is_mended() -> None:
    store = MemoryStore()
    ledger = Ledger(store)
    rows = await ledger.record([row(n, Action.REMOVED) for n in (1, 2, 3)])
    failed = await ledger.move(
        rows, lambda known: replace(known, state=State.FAILED, finished_at=now())
    )
    await ledger.move([failed[1]], lambda known: replace(known, state=State.CONFIRMED))
    await ledger.remove([failed[2]])

    await ledger.forget(TOTAL, now() - timedelta(days=90))

    left = await store.scan(LEDGER_COLLECTION, TOTAL, "failed|")
    assert [document.body["user"] for document in left] == [user(1)]


@virtual
async def test_a_removal_that_fails_again_and_again_hides_no_other_and_is_marked_once() -> None:
    store = CountingStore(MemoryStore())
    times = [(2, timedelta(days=3)), *((1, timedelta(hours=n)) for n in range(60))]
    puts = [failures.put(row(number, Action.REMOVED), now() - age) for number, age in times]
    await store.commit(LEDGER_COLLECTION, TOTAL, puts)

    seen = await failures.since(store, TOTAL, now(), limit=2)
    await failures.forget(store, TOTAL, now() - timedelta(days=90), never)

    assert [(one.user, one.at) for one in seen] == [
        (user(1), now()),
        (user(2), now() - timedelta(days=3)),
    ]
    left = await store.scan(LEDGER_COLLECTION, TOTAL, "failed|")
    assert [document.body["user"] for document in left] == [user(1), user(2)]

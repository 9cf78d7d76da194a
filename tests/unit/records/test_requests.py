"""How many requests each use of the store takes, at the boundary of what one request returns."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.outcomes import of_change
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.store import MAX_WRITES
from hasten.records import failures, outbox, unreadable
from hasten.records.failures import MARKS_PER_READ
from hasten.records.history_keys import (
    HISTORY_COLLECTION,
    NEW_PREFIX,
    SEALS_PARTITION,
    day_partition,
)
from hasten.records.history_retention import forget_pages
from hasten.records.history_seals import PAGE_PREFIX, page_key
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION, OUTBOX_PREFIX
from hasten.records.unreadable import MOST_NOTED, UnreadableRow
from hasten.records.unsent_outcomes import (
    UNSENT_OUTCOMES_COLLECTION,
    UNSENT_OUTCOMES_PARTITION,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.ensuring import Onboarding
from tests.support.history import all_sealed, entry, history, today
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user
from tests.unit.domain.rows import change

SECOND = timedelta(seconds=1)


class Lists(MemoryStore):
    """Notes which prefix each list asks for, or which collection if it asks for all."""

    def __init__(self) -> None:
        super().__init__()
        self.prefixes: list[str] = []

    async def scan(
        self, collection: str, partition: str, prefix: str = "", *a: Any, **k: Any
    ) -> Any:
        self.prefixes.append(prefix or collection)
        return await super().scan(collection, partition, prefix, *a, **k)


@pytest.mark.parametrize(
    ("count", "lists"),
    [(0, 1), (1, 1), (MAX_WRITES - 1, 1), (MAX_WRITES, 2), (MAX_WRITES + 1, 2)],
)
@virtual
async def test_an_outbox_is_read_in_parts(count: int, lists: int) -> None:
    store = Lists()
    world = World(store=store)
    ended = [change(user=0, group=user(n), state=State.SUCCEEDED) for n in range(count)]
    for start in range(0, count, MAX_WRITES):
        puts = [outbox.put(of_change(one)) for one in ended[start : start + MAX_WRITES]]
        await store.commit(LEDGER_COLLECTION, TOTAL, puts)

    assert await world.outbox.flush(TOTAL) == count

    assert store.prefixes.count(OUTBOX_PREFIX) == lists
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == count
    assert await store.scan(LEDGER_COLLECTION, TOTAL, OUTBOX_PREFIX) == []


@virtual
async def test_rows_that_were_just_listed_are_written_without_a_read() -> None:
    world = Onboarding()
    await world.wants(ENGINEERING, user(1), user(2))
    await world.ledger.record([found(ENGINEERING, user(1), Action.ADDED, 1)])
    store = CountingStore(world.store)
    intents, ledger = Intents(store), Ledger(store)

    assert len(await intents.finish(await intents.open_intents(TOTAL), "succeeded")) == 2
    assert store.requests == 1 + 1
    assert await ledger.move(await ledger.open_changes(TOTAL), lambda row: row) != []
    assert store.requests == 2 * (1 + 1)


@virtual
async def test_a_row_that_was_just_read_is_written_without_another_read() -> None:
    world = Onboarding()
    [intent] = await world.wants(ENGINEERING, user(1))
    store = CountingStore(world.store)
    intents = Intents(store)
    await intents.open_intents(TOTAL)
    await world.intents.reopen(TOTAL, [intent.key], START)
    [(read, _)] = await intents.record([intent])
    assert read.reopened == 1
    store.requests = 0

    assert len(await intents.finish([read], "succeeded")) == 1

    assert store.requests == 1


@virtual
async def test_an_open_row_is_found_in_one_request_and_a_finished_one_in_two() -> None:
    world = Onboarding()
    [intent] = await world.wants(ENGINEERING, user(1))
    store = CountingStore(world.store)

    assert await Intents(store).find(TOTAL, ENGINEERING, user(1)) == intent
    assert store.requests == 1
    await world.intents.finish([intent], "succeeded")
    done = await Intents(store).find(TOTAL, ENGINEERING, user(1))
    assert done is not None
    assert done.is_done
    assert store.requests == 1 + 2


@pytest.mark.parametrize(
    ("count", "limit", "since", "lists", "newest"),
    [
        (0, None, 0, 1, 0),
        (MARKS_PER_READ - 1, None, 0, 1, MARKS_PER_READ - 1),
        (MARKS_PER_READ, None, 0, 2, MARKS_PER_READ),
        (MARKS_PER_READ + 1, None, 0, 2, MARKS_PER_READ + 1),
        (2 * MARKS_PER_READ, 5, 0, 1, 5),
        (2 * MARKS_PER_READ - 1, None, 0, 2, 2 * MARKS_PER_READ - 1),
        (2 * MARKS_PER_READ, MARKS_PER_READ, 0, 1, MARKS_PER_READ),
        (2 * MARKS_PER_READ, MARKS_PER_READ + 1, 0, 2, MARKS_PER_READ + 1),
        (2 * MARKS_PER_READ, 0, 0, 0, 0),
        (2 * MARKS_PER_READ, None, MARKS_PER_READ, 2, MARKS_PER_READ),
        (2 * MARKS_PER_READ, None, MARKS_PER_READ + 1, 1, MARKS_PER_READ - 1),
    ],
)
@virtual
async def test_failures_are_read_as_far_as_they_are_wanted(
    count: int, limit: int | None, since: int, lists: int, newest: int
) -> None:
    """The marks are one second apart, from `START` on, and one at `since` is no longer wanted."""
    store = Lists()
    times = [START + (number + 1) * SECOND for number in range(count)]
    for number, at in enumerate(times):
        failed = replace(change(), user=str(number))
        await store.commit(LEDGER_COLLECTION, TOTAL, [failures.put(failed, at)])

    read = await failures.since(store, TOTAL, START + since * SECOND, limit)

    assert [one.at for one in read] == times[::-1][:newest]
    assert len(store.prefixes) == lists


@pytest.mark.parametrize(
    ("first", "more", "noted"), [(30, 19, 49), (30, 20, 50), (30, 21, 50), (50, 1, 50), (60, 1, 50)]
)
@virtual
async def test_no_more_rows_are_noted_than_stated(first: int, more: int, noted: int) -> None:
    assert MOST_NOTED == 50
    store = MemoryStore()
    rows = [
        UnreadableRow(collection="c", partition="p", key=f"{n}", etag="e", reason="r")
        for n in range(first + more)
    ]

    await unreadable.note(store, rows[:first])
    await unreadable.note(store, rows[first:])
    commits = store.commits
    await unreadable.note(store, rows[:1])

    assert len(await unreadable.load_all(store)) == noted
    assert store.commits == commits


@pytest.mark.parametrize(
    ("count", "lists"), [(1, 1), (MAX_WRITES - 1, 1), (MAX_WRITES, 2), (MAX_WRITES + 1, 2)]
)
@virtual
async def test_outcomes_that_belong_to_no_row_are_read_in_parts(count: int, lists: int) -> None:
    world = World(store=(store := Lists()))
    rows = [change(user=0, group=user(n), state=State.FAILED) for n in range(count)]

    await world.outbox.publish([of_change(row, now=START) for row in rows])

    assert store.prefixes.count(UNSENT_OUTCOMES_COLLECTION) == lists
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == count
    await world.outbox.flush_published()
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == count


@pytest.mark.parametrize(("count", "lists"), [(99, 1), (100, 2), (199, 2), (200, 3)])
@virtual
async def test_what_cannot_be_read_is_passed_once(count: int, lists: int) -> None:
    store = Lists()
    world = World(store=store)
    for number in range(count):
        store.plant(HISTORY_COLLECTION, SEALS_PARTITION, page_key(number), "{")
        store.plant(HISTORY_COLLECTION, day_partition(today()), f"{NEW_PREFIX}{number:03}", "{")
        store.plant(LEDGER_COLLECTION, TOTAL, f"{OUTBOX_PREFIX}{number:03}", "{")
        store.plant(UNSENT_OUTCOMES_COLLECTION, UNSENT_OUTCOMES_PARTITION, f"{number:03}", "{")

    assert await forget_pages(store, START) == 0
    assert await world.context.seals.seal([today()], START) == 0
    assert await world.outbox.flush(TOTAL) == 0
    await world.outbox.flush_published()

    for listed in (PAGE_PREFIX, NEW_PREFIX, OUTBOX_PREFIX, UNSENT_OUTCOMES_COLLECTION):
        assert store.prefixes.count(listed) == lists


@virtual
async def test_a_consumer_gets_ten_seals_at_a_time() -> None:
    world = World()
    for number in range(11):
        await history(world).append([entry(f"{number}")])
        await all_sealed(world)

    first = await world.context.seals.since(0)
    second = await world.context.seals.since(first.cursor)

    assert (first.cursor, len(first.entries), second.cursor, len(second.entries)) == (10, 10, 11, 1)

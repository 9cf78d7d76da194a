"""What a ledger remembers of the open rows while it works."""

from dataclasses import replace

import pytest

from hasten.domain.changes import Action, Change, State
from hasten.records import seen_rows
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.reaching import reached
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


@virtual
async def test_a_list_of_other_rows_leaves_the_open_ones_in_mind() -> None:
    store = MemoryStore()
    await Ledger(store).record([found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(3)])
    ledger = Ledger(store)
    opened = await ledger.open_changes(TOTAL)
    [ended] = await ledger.move(
        opened[:1],
        lambda row: replace(row, state=State.SUCCEEDED, finished_at=START, needs_proof=True),
    )

    assert await ledger.unproven_changes(TOTAL) == [ended]

    assert ledger.last_seen(TOTAL) == opened[1:]
    assert await ledger.open_changes(TOTAL) == opened[1:]
    assert ledger.last_seen(TOTAL) == opened[1:]


@virtual
async def test_rows_written_beside_one_that_cannot_be_read_are_in_mind() -> None:
    store = MemoryStore()
    ledger = Ledger(store)
    rows = [found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(3)]
    await ledger.record(rows)
    for bad in rows[:2]:
        store.plant(LEDGER_COLLECTION, TOTAL, f"{OPEN_PREFIX}{ENGINEERING}|{bad.user}", "{")
    await ledger.open_changes(TOTAL)
    left = [replace(row, action=Action.REMOVED, origin=2) for row in rows]

    assert await ledger.record(left) == left

    seen = {row.user: row for row in ledger.last_seen(TOTAL)}
    assert seen[user(2)] == left[2]
    assert (seen[user(0)].is_unreadable, seen[user(1)].is_unreadable) == (True, True)


@virtual
async def test_rows_that_were_never_listed_are_not_kept_in_mind() -> None:
    store = CountingStore(MemoryStore())
    ledger = Ledger(store)
    [row] = await ledger.record([found(ENGINEERING, user(1), Action.ADDED, 1)])
    store.requests = 0

    assert ledger.last_seen(TOTAL) == []
    await ledger.move([row], lambda seen: replace(seen, state=State.WAITING))

    assert store.requests == 2


@virtual
async def test_a_list_grows_by_so_many_rows_only_until_it_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen_rows, "MOST_ADDED", 3)
    ledger = Ledger(MemoryStore())
    await ledger.open_changes(TOTAL)
    rows = [found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(5)]

    await ledger.record(rows[:3])
    assert ledger.last_seen(TOTAL) == rows[:3]
    await ledger.record([replace(row, action=Action.REMOVED, origin=2) for row in rows[:3]])
    assert len(ledger.last_seen(TOTAL)) == 3
    await ledger.record(rows[3:4])
    assert ledger.last_seen(TOTAL) == []

    assert len(await ledger.open_changes(TOTAL)) == 4
    await ledger.record(rows[4:])
    assert len(ledger.last_seen(TOTAL)) == 5


@virtual
async def test_rows_that_wait_for_proof_are_kept_only_where_those_are_listed() -> None:
    store = MemoryStore()
    rows = [found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(20)]
    ended = [
        replace(row, state=State.SUCCEEDED, finished_at=START, needs_proof=True) for row in rows
    ]
    await Ledger(store).record(ended)
    looking, verifying = Ledger(store), Ledger(store)
    await looking.open_changes(TOTAL)
    await verifying.unproven_changes(TOTAL)

    for ledger in (looking, verifying):
        await ledger.record(rows)

    assert reached(looking, Change) == 0
    assert reached(verifying, Change) == 20

"""What a ledger remembers of the open rows while it works."""

from collections.abc import Sequence
from dataclasses import replace

from hasten.domain.changes import Action, Change, State
from hasten.ports.store import Document, Store
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import DONE_PREFIX, LEDGER_COLLECTION, OPEN_PREFIX
from hasten.records.ledger_rows import MAPPING
from hasten.records.outbox import Unsent
from hasten.records.repository import Repository
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.reaching import reached
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


def _joined(count: int) -> Sequence[Change]:
    return [found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(count)]


def _own(store: Store) -> Ledger:
    """The ledger of a worker."""
    return Ledger(store, Unsent())


@virtual
async def test_a_list_of_other_rows_leaves_the_open_ones_in_mind() -> None:
    store = MemoryStore()
    await Ledger(store).record(_joined(3))
    ledger = _own(store)
    opened = await ledger.open_changes(TOTAL)
    [ended] = await ledger.move(opened[:1], _unproven)

    assert await ledger.unproven_changes(TOTAL) == [ended]

    assert ledger.last_seen(TOTAL) == opened[1:]
    assert await ledger.open_changes(TOTAL) == opened[1:]
    assert ledger.last_seen(TOTAL) == opened[1:]


@virtual
async def test_a_row_that_another_worker_ended_is_open_no_more_once_it_was_listed_elsewhere() -> (
    None
):
    store = MemoryStore()
    await Ledger(store).record(_joined(2))
    ledger = _own(store)
    first, second = await ledger.open_changes(TOTAL)
    [ended] = await Ledger(store).move([first], _unproven)

    assert await ledger.unproven_changes(TOTAL) == [ended]

    assert ledger.last_seen(TOTAL) == [second]


@virtual
async def test_a_row_that_another_worker_removed_is_out_of_mind_once_it_was_read() -> None:
    store = MemoryStore()
    [row] = await Ledger(store).record(_joined(1))
    rows = Repository(store, MAPPING, keeps_all=True)
    assert await rows.listed(TOTAL, OPEN_PREFIX) == [row]
    await Ledger(store).remove([row])

    await rows.read([row])

    assert rows.last_seen(TOTAL) == []


@virtual
async def test_rows_written_beside_one_that_cannot_be_read_are_in_mind() -> None:
    store = MemoryStore()
    ledger, rows = _own(store), _joined(3)
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
    ledger = _own(store)
    [row] = await ledger.record(_joined(1))
    store.requests = 0

    assert ledger.last_seen(TOTAL) == []
    await ledger.move([row], lambda seen: replace(seen, state=State.WAITING))

    assert store.requests == 2


@virtual
async def test_rows_that_wait_for_proof_are_kept_only_where_those_are_listed() -> None:
    store = MemoryStore()
    rows = _joined(20)
    await Ledger(store).record([_unproven(row) for row in rows])
    draining, verifying = _own(store), _own(store)
    await draining.open_changes(TOTAL)
    await verifying.unproven_changes(TOTAL)

    for ledger in (draining, verifying):
        await ledger.record(rows)

    assert reached(draining, Change) == 0
    assert reached(verifying, Change) == 20


@virtual
async def test_rows_that_are_done_are_not_kept_in_mind_though_they_were_listed() -> None:
    store = MemoryStore()
    done = [replace(_unproven(row), needs_proof=False) for row in _joined(20)]
    await Ledger(store).record(done)
    rows = Repository(store, MAPPING, keeps_all=True)

    assert len(await rows.listed(TOTAL, DONE_PREFIX)) == 20

    assert reached(rows, Change) == 0


@virtual
async def test_the_ledger_of_a_process_forgets_listed_rows_with_the_work_on_them() -> None:
    store = MemoryStore()
    rows = _joined(40)
    await Ledger(store).record([*rows[:20], *map(_unproven, rows[20:])])
    ledger = Ledger(store)

    opened = await ledger.open_changes(TOTAL)
    unproven = await ledger.unproven_changes(TOTAL)

    assert (len(opened), len(unproven)) == (20, 20)
    assert ledger.last_seen(TOTAL) == opened
    del opened, unproven
    assert ledger.last_seen(TOTAL) == []
    assert (reached(ledger, Change), reached(ledger, Document)) == (0, 0)


@virtual
async def test_the_ledger_of_a_process_forgets_written_rows_with_the_work_on_them() -> None:
    ledger = Ledger(MemoryStore())
    await ledger.open_changes(TOTAL)

    for number in range(20):
        await ledger.record([found(ENGINEERING, user(number), Action.ADDED, 1)])

    assert (reached(ledger, Change), reached(ledger, Document)) == (0, 0)


@virtual
async def test_a_row_that_is_held_is_neither_read_nor_parsed_again() -> None:
    store = CountingStore(MemoryStore())
    ledger = Ledger(store)
    await ledger.record(_joined(3))
    opened = await ledger.open_changes(TOTAL)

    again = await ledger.open_changes(TOTAL)

    assert all(one is other for one, other in zip(opened, again, strict=True))
    del again
    store.requests = 0
    waiting = await ledger.move(opened, lambda seen: replace(seen, state=State.WAITING))
    moved = await ledger.move(waiting, lambda seen: replace(seen, state=State.PENDING))
    assert len(moved) == 3
    assert store.requests == 2


def _unproven(row: Change) -> Change:
    return replace(row, state=State.SUCCEEDED, finished_at=START, needs_proof=True)

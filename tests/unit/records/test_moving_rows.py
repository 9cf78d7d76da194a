"""A row that moves to another place while it is read is found, and no new row takes its place."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.row_states import restarted
from hasten.ports.store import Document, Put
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import DONE_PREFIX, LEDGER_COLLECTION, OPEN_PREFIX, PROOF_PREFIX
from hasten.records.moving import move_documents
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user

Move = Callable[[], Awaitable[object]]


class MovingStore(MemoryStore):
    """Another worker moves a row just before it is read under the key prefix `then`."""

    def __init__(self, then: str) -> None:
        super().__init__()
        self.then = then
        self.move: Move | None = None

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        if key.startswith(self.then) and (move := self.move):
            self.move = None
            await asyncio.sleep(0)  # a read of another place may be under way, too
            await move()
        return await super().get(collection, partition, key)


async def ended(store: MemoryStore, *, needs_proof: bool) -> Change:
    ledger = Ledger(store)
    [row] = await ledger.record([found(ENGINEERING, user(1), Action.REMOVED, 1)])
    [row] = await ledger.move(
        [row], lambda seen: replace(seen, state=State.SUCCEEDED, needs_proof=needs_proof)
    )
    return row


@pytest.mark.parametrize("prefix", [PROOF_PREFIX, DONE_PREFIX])
def test_a_row_that_is_opened_again_while_it_is_read_is_found(prefix: str) -> None:
    @virtual
    async def run() -> None:
        store = MovingStore(prefix)
        row = await ended(store, needs_proof=prefix == PROOF_PREFIX)
        store.move = lambda: Ledger(store).change(
            [row], lambda known: restarted(known, Cause("/hr", "1"), now=now())
        )

        seen = await Ledger(store).find(TOTAL, ENGINEERING, user(1))

        assert seen is not None
        assert seen.state is State.PENDING

    run()


@pytest.mark.parametrize(("action", "origin"), [(Action.REMOVED, 1), (Action.ADDED, 0)])
def test_a_row_whose_wait_for_proof_ends_while_it_is_read_is_not_recorded_anew(
    action: Action, origin: int
) -> None:
    """A look repeats the slice of the removal, or the one before, in which the user joined."""

    @virtual
    async def run() -> None:
        store = MovingStore(PROOF_PREFIX)
        row = await ended(store, needs_proof=True)
        store.move = lambda: Ledger(store).move(
            [row], lambda seen: replace(seen, needs_proof=False)
        )

        again = await Ledger(store).record([found(ENGINEERING, user(1), action, origin)])

        assert again == []
        assert await store.scan(LEDGER_COLLECTION, TOTAL, OPEN_PREFIX) == []

    run()


@virtual
async def test_documents_that_move_leave_their_place_and_replace_no_other() -> None:
    store = MemoryStore()
    await store.commit("things", "old", [Put("a", {"n": 1}), Put("b", {"n": 1})])
    await store.commit("things", "new", [Put("b", {"n": 2})])

    await move_documents(store, "things", "old", "new")

    moved = await store.scan("things", "new")
    assert {one.key: one.body for one in moved} == {"a": {"n": 1}, "b": {"n": 2}}
    assert await store.scan("things", "old") == []

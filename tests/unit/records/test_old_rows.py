"""Old rows are deleted a page at a time: many of them take little memory and few requests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, Change, State
from hasten.ports.store import MAX_WRITES, Document
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import DONE_PREFIX, LEDGER_COLLECTION
from hasten.records.old_rows import ROWS_PER_READ
from hasten.records.unreadable import load_all
from tests.support.done_changes import done_changes
from tests.support.racing_store import Racing
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user

A_WEEK = timedelta(days=7)


class Paged(Racing):
    """Remembers how many documents each list had."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[int] = []

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        documents = await super().scan(collection, partition, prefix, limit, after=after)
        self.listed.append(len(documents))
        return documents


def ended(number: int, age: timedelta) -> Change:
    row = found(ENGINEERING, user(number), Action.ADDED, 1)
    return replace(row, state=State.IN_SYNC, finished_at=now() - age)


async def ledger_of(*rows: Change) -> tuple[Paged, Ledger]:
    """A ledger without outcomes that wait to be sent."""
    store = Paged()
    ledger = Ledger(store)
    await ledger.record(rows)
    for key, _, _ in list(store.texts(LEDGER_COLLECTION, TOTAL)):
        if not key.startswith(DONE_PREFIX):
            store.forget(LEDGER_COLLECTION, TOTAL, key)
    store.commits, store.listed = 0, []
    return store, ledger


async def users_of(store: Paged) -> list[str]:
    return [row.user for row in await done_changes(store, TOTAL)]


@virtual
async def test_thousands_of_rows_are_read_in_pages_and_deleted_a_hundred_at_a_time() -> None:
    count = 2 * ROWS_PER_READ + 400
    rows = [ended(number, A_WEEK * (number % 2)) for number in range(count)]
    store, ledger = await ledger_of(*rows)

    assert await ledger.forget(TOTAL, now() - timedelta(days=1)) == count / 2

    pages = [listed for listed in store.listed if listed]
    assert pages == [ROWS_PER_READ, ROWS_PER_READ, 400]
    assert store.commits == count / 2 / MAX_WRITES
    assert await users_of(store) == [row.user for row in rows[::2]]


@pytest.mark.parametrize("changed", [0, 1, 2])
@virtual
async def test_a_row_that_changes_meanwhile_stays_and_the_others_go(changed: int) -> None:
    store, ledger = await ledger_of(*(ended(number, A_WEEK) for number in range(3)))
    again = replace(ended(changed, timedelta(0)), origin=2)

    async def recorded() -> None:
        await Ledger(store).record([again])

    store.meanwhile = recorded

    assert await ledger.forget(TOTAL, now() - timedelta(days=1)) == 2
    assert await users_of(store) == [again.user]


@virtual
async def test_a_row_that_cannot_be_read_stays_and_is_noted() -> None:
    store, ledger = await ledger_of(*(ended(number, A_WEEK) for number in range(3)))
    key = f"{DONE_PREFIX}{ENGINEERING}|{user(1)}"
    store.plant(LEDGER_COLLECTION, TOTAL, key, '{"target": 7}')

    assert await ledger.forget(TOTAL, now() - timedelta(days=1)) == 2

    assert [one for one, _, _ in store.texts(LEDGER_COLLECTION, TOTAL)] == [key]
    assert [row.key for row in await load_all(store)] == [key]


@virtual
async def test_a_second_run_finds_nothing_to_delete() -> None:
    _, ledger = await ledger_of(ended(0, A_WEEK))

    assert await ledger.forget(TOTAL, now() - timedelta(days=1)) == 1
    assert await ledger.forget(TOTAL, now() - timedelta(days=1)) == 0

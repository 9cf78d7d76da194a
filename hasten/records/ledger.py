"""Stores the ledger: one row per (target, group, user), open until Hasten has nothing left to do
for it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from hasten.domain.changes import Change, State
from hasten.domain.late_calls import unanswered
from hasten.domain.merging import newer, taken_over
from hasten.ports.store import Document, Store
from hasten.records import failures, outbox
from hasten.records.ledger_keys import (
    DONE_PREFIX,
    LEDGER_COLLECTION,
    LIVE_PREFIX,
    OPEN_PREFIX,
    OUTBOX_PREFIX,
    PROOF_PREFIX,
    WINDOW_KEY,
)
from hasten.records.ledger_rows import MAPPING
from hasten.records.old_rows import delete_old
from hasten.records.repository import Repository
from hasten.records.row_mapping import Commit, Stored
from hasten.records.row_outcomes import outcomes_of_moved


@dataclass(frozen=True, slots=True)
class Live:
    """The open rows of a target and its stored call window."""

    changes: Sequence[Change]
    window: Document | None


@dataclass(frozen=True, slots=True)
class Known:
    """The stored rows of some changes of one target, at the time of the read."""

    rows: Mapping[str, Stored[Change]]

    def change(self, found: Change) -> Change | None:
        return self.rows[MAPPING.name(found)][1]

    async def stored(self, found: Change) -> Stored[Change]:
        return self.rows[MAPPING.name(found)]


class Ledger:
    """The ledger rows of all targets. Open rows are read without touching the finished ones.

    A row that ends writes its outcome to the outbox in the same commit. A worker that sends the
    outcomes has a ledger of its own: `unsent` gets those that `live` reads and those that the
    worker writes. Only such a ledger remembers all rows that it lists.
    """

    def __init__(self, store: Store, unsent: outbox.Unsent | None = None) -> None:
        self._store = store
        self._unsent = unsent or outbox.Unsent()
        self._rows = Repository(
            store,
            MAPPING,
            self._note_outcomes if unsent is not None else lambda _: None,
            keeps_all=unsent is not None,
        )

    def _note_outcomes(self, documents: Sequence[Document]) -> None:
        outcomes = [one for one in documents if one.key.startswith(OUTBOX_PREFIX)]
        self._unsent.add(outcomes)

    async def record(self, found: Sequence[Change], known: Known | None = None) -> list[Change]:
        """Saves the changes in `found` that are new, and returns them. Known changes have no
        effect. `known` is what `known` returned a moment ago."""
        recorded: list[Change] = []
        for target in sorted({change.target for change in found}):
            mine = [change for change in found if change.target == target]
            read = known.stored if known is not None else None
            recorded += await self._rows.update(mine, newer, read=read)
        return recorded

    async def take_over(self, rows: Sequence[Change], now: datetime, *, former: str) -> None:
        """Saves rows (of one target) that come from the target `former`, which has told their
        ends."""
        mapping = replace(MAPPING, also_write=outcomes_of_moved(rows, former))
        moved = Repository(self._store, mapping)
        await moved.update(rows, partial(taken_over, now=now))

    async def known(self, found: Sequence[Change]) -> Known:
        """Returns what is known of changes of one target."""
        return Known(await self._rows.read(found))

    async def live(self, target: str) -> Live:
        """Reads in one request what a drain begins with. Outcomes that nobody has sent yet are
        added to `unsent`."""
        documents = await self._store.scan(LEDGER_COLLECTION, target, LIVE_PREFIX)
        opened = [document for document in documents if document.key.startswith(OPEN_PREFIX)]
        self._note_outcomes(documents)
        return Live(
            changes=await self._rows.list_from(target, OPEN_PREFIX, opened),
            window=next((document for document in documents if document.key == WINDOW_KEY), None),
        )

    def last_seen(self, target: str) -> list[Change]:
        """Returns the open rows as they were last listed or written by this ledger of a worker."""
        return self._rows.last_seen(target)

    async def open_changes(self, target: str) -> list[Change]:
        return await self._rows.listed(target, OPEN_PREFIX)

    async def unproven_changes(self, target: str) -> list[Change]:
        return await self._rows.listed(target, PROOF_PREFIX)

    async def settled_changes(self, target: str, limit: int) -> list[Change]:
        """Returns at most `limit` of the rows that have ended and need no proof."""
        return await self._rows.listed(target, DONE_PREFIX, limit=limit)

    async def failed_changes(
        self,
        target: str,
        since: datetime,
        limit: int | None = None,
        *,
        forget_mended: bool = False,
    ) -> list[Change]:
        """Returns the rows that failed and have not been mended: removals whenever that was, since
        the person may still have access, and then the others after `since`. The last failure of
        each comes first. `limit` is for the failures that are read. With `forget_mended`
        the mended ones among these hide none from the next reader."""
        marks = await failures.since(self._store, target, since, limit)
        rows = await asyncio.gather(*(self.find(target, one.group, one.user) for one in marks))
        if forget_mended:
            await failures.forget_mended(self._store, target, zip(marks, rows, strict=True))
        return [row for mark, row in zip(marks, rows, strict=True) if row and mark.is_of(row)]

    async def find(self, target: str, group: str, user: str) -> Change | None:
        """Returns the row in any state."""
        return await self._rows.find(target, f"{group}|{user}")

    async def start_call(
        self, changes: Sequence[Change], now: datetime, *, commit: Commit
    ) -> list[Change]:
        """Marks rows as being called and returns them, without rows that changed since they were
        read. `commit` spends a slot of the call window together with the write. Of rows that are
        being called already, the worker has died that made that call. Whether a leaver keeps an
        assignment is open until the answer: a call that gets none is made again."""

        def begin(seen: Change) -> Change:
            called = replace(unanswered(seen), state=State.CALLING, called_at=now)
            return replace(called, keeps_assignment=False)

        return await self.move(changes, begin, commit=commit)

    async def end_call(
        self,
        changes: Sequence[Change],
        settle: Callable[[Change], Change],
        *,
        commit: Commit | None = None,
    ) -> list[Change]:
        """Saves the result of a call to the rows that still wait for this call. In the meantime a
        row may have got another cause, or a look may have confirmed it. `commit` makes the writes
        together with others."""

        def end(known: Change | None, called: Change) -> Change | None:
            waits = (
                known is not None
                and known.state is State.CALLING
                and known.called_at == called.called_at
                and known.action is called.action
            )
            return settle(known) if known is not None and waits else None

        return await self._rows.update(changes, end, read=self._rows.as_listed, commit=commit)

    async def move(
        self,
        changes: Sequence[Change],
        to: Callable[[Change], Change],
        *,
        commit: Commit | None = None,
    ) -> list[Change]:
        """Saves `to(change)` for each row (of one target) that has not changed since it was read. A
        caller that lost the race drops its result."""

        def decide(known: Change | None, seen: Change) -> Change | None:
            return to(seen) if known == seen else None

        return await self._rows.update(changes, decide, read=self._rows.as_listed, commit=commit)

    async def change(
        self, changes: Sequence[Change], to: Callable[[Change], Change | None]
    ) -> list[Change]:
        """Saves `to(row)` for each of the rows (of one target) as it is stored now, unless it is
        None. A caller whose decision also holds for a row that has just changed loses no race."""
        now = self._rows.as_listed
        return await self._rows.update(changes, lambda row, _: row and to(row), read=now)

    async def take_back(self, target: str) -> tuple[list[Change], int]:
        """Writes the changes that were found about rows which could not be read to their places, if
        those are free or can be read again. Returns the changes that it wrote, and how many have
        still to wait."""
        return await self._rows.take_back(target, newer)

    async def remove(self, rows: Sequence[Change]) -> None:
        """Deletes rows that have not changed since they were read."""
        await asyncio.gather(*(self._rows.remove([row], row.__eq__) for row in rows))

    async def forget(self, target: str, before: datetime, *, also_unproven: bool = False) -> int:
        """Deletes rows that ended before `before`, without those that still need a proof unless
        `also_unproven`. Returns how many."""
        await failures.forget_old(self._store, target, before)
        is_old, deleted = partial(_ended_before, before=before), 0
        for prefix in (DONE_PREFIX, PROOF_PREFIX) if also_unproven else (DONE_PREFIX,):
            deleted += await delete_old(self._store, MAPPING, target, prefix, is_old)
        return deleted


def _ended_before(change: Change, before: datetime) -> bool:
    return not change.is_open and change.finished_at is not None and change.finished_at < before

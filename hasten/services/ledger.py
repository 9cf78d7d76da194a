"""The ledger: one row per (target, group, user), open until nothing is left to do for it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from hasten.domain.changes import Action, Change, State, newer
from hasten.ports.store import Conflict, Delete, Document, Json, Put, Store, Write

COLLECTION = "ledger"
OPEN = "open|"
DONE = "done|"
TIMES = ("noticed_at", "found_at", "seen_at", "due_at", "called_at", "finished_at")

ROWS_PER_COMMIT = 25
"""A row takes at most two writes and four fit 100; fewer rows mean fewer lost races."""

ATTEMPTS = 8
"""Lost races in a row before the conflict surfaces; Service Bus then delivers the message again."""


@dataclass(frozen=True, slots=True)
class Row:
    """A change as stored: the documents behind its open and its finished form."""

    change: Change | None
    open: Document | None
    done: Document | None


class Ledger:
    """Rows are read in their open form without touching the finished ones."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, found: Sequence[Change]) -> list[Change]:
        """Writes what is new in `found` and returns it; what is known already changes nothing."""
        recorded: list[Change] = []
        for target in sorted({change.target for change in found}):
            mine = [change for change in found if change.target == target]
            recorded += await self._update(mine, newer)
        return recorded

    async def open_changes(self, target: str) -> list[Change]:
        documents = await self._store.scan(COLLECTION, target, OPEN)
        return [_change(document.body) for document in documents]

    async def find(self, target: str, group: str, user: str) -> Change | None:
        """The row in whatever state it is."""
        return (await self._read(target, group, user)).change

    async def start_call(self, changes: Sequence[Change], now: datetime) -> list[Change]:
        """Marks rows as being called; those that changed meanwhile are left out."""

        def start(known: Change | None, seen: Change) -> Change | None:
            return replace(seen, state=State.CALLING, called_at=now) if known == seen else None

        return await self._update(changes, start)

    async def end_call(
        self, changes: Sequence[Change], settle: Callable[[Change], Change]
    ) -> list[Change]:
        """Writes the result of a call to the rows that still wait for this very call."""

        def end(known: Change | None, called: Change) -> Change | None:
            return settle(called) if known == called else None

        return await self._update(changes, end)

    async def _update(
        self,
        changes: Sequence[Change],
        decide: Callable[[Change | None, Change], Change | None],
    ) -> list[Change]:
        """Puts `decide(stored, change)` for each of one target's changes, if it is not None."""
        written: list[Change] = []
        for start in range(0, len(changes), ROWS_PER_COMMIT):
            chunk = changes[start : start + ROWS_PER_COMMIT]
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Conflict),
                stop=stop_after_attempt(ATTEMPTS),
                reraise=True,
            ):
                with attempt:
                    written += await self._update_once(chunk, decide)
        return written

    async def _update_once(
        self,
        changes: Sequence[Change],
        decide: Callable[[Change | None, Change], Change | None],
    ) -> list[Change]:
        rows = await asyncio.gather(*(self._read(c.target, c.group, c.user) for c in changes))
        written, writes = [], list[Write]()
        for row, change in zip(rows, changes, strict=True):
            decided = decide(row.change, change)
            if decided is not None:
                written.append(decided)
                writes += _writes(row, decided)
        if writes:
            await self._store.commit(COLLECTION, changes[0].target, writes)
        return written

    async def _read(self, target: str, group: str, user: str) -> Row:
        name = f"{group}|{user}"
        is_open, done = await asyncio.gather(
            self._store.get(COLLECTION, target, OPEN + name),
            self._store.get(COLLECTION, target, DONE + name),
        )
        found = is_open or done
        return Row(_change(found.body) if found else None, is_open, done)


def _writes(row: Row, change: Change) -> list[Write]:
    """Keeps a row in one of its two forms, and moves it between them in one commit."""
    name = f"{change.group}|{change.user}"
    prefix, same, other = (
        (OPEN, row.open, row.done) if change.is_open else (DONE, row.done, row.open)
    )
    writes: list[Write] = [Put(prefix + name, _body(change), same.etag if same else None)]
    if other is not None:
        writes.append(Delete(other.key, other.etag))
    return writes


def _body(change: Change) -> Json:
    body = asdict(change)
    for name in TIMES:
        body[name] = body[name].isoformat() if body[name] else None
    return body


def _change(body: Json) -> Change:
    fields: dict[str, Any] = dict(body)
    for name in TIMES:
        fields[name] = datetime.fromisoformat(fields[name]) if fields[name] else None
    fields["action"] = Action(fields["action"])
    fields["state"] = State(fields["state"])
    return Change(**fields)

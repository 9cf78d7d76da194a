"""Stores rows of one partition whose state (open, finished) is a prefix of their key, so that the
open rows can be read without touching the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store, Write

ROWS_PER_COMMIT = 20
"""Rows written per commit. A row takes at most five writes and a commit takes 100; fewer rows lose
fewer races."""

MAX_LOST_RACES = 8
"""Conflicts in a row before `update` raises Conflict; Service Bus then redelivers the message."""

T = TypeVar("T")

Stored = tuple[dict[str, Document], T | None]
"""The documents of a row by key prefix, and the row. More than one document means that something
other than Hasten wrote one."""

Decide = Callable[[T | None, T], T | None]
"""(stored, given) → the row to store, or None to leave it unchanged."""


@dataclass(frozen=True, slots=True)
class RowMapping(Generic[T]):
    """Describes how rows of one kind are stored. `partition`, `key_prefix` and `name` place a row,
    which has one of `key_prefixes` at a time. `also_write(stored before, stored now)` adds writes
    to the same commit."""

    collection: str
    key_prefixes: Sequence[str]
    partition: Callable[[T], str]
    key_prefix: Callable[[T], str]
    name: Callable[[T], str]
    body: Callable[[T], Json]
    parse: Callable[[Json], T]
    also_write: Callable[[T | None, T], Sequence[Write]] = lambda _before, _now: ()


class Repository(Generic[T]):
    def __init__(self, store: Store, mapping: RowMapping[T]) -> None:
        self._store = store
        self._mapping = mapping
        self._seen: dict[str, dict[str, tuple[Document, T]]] = {}
        """Rows with the first key prefix, by partition and name, as this process last listed or
        wrote them."""

    async def listed(
        self, partition: str, key_prefix: str, prefix: str = "", limit: int | None = None
    ) -> list[T]:
        """Returns the rows with one key prefix whose name begins with `prefix`."""
        mapping = self._mapping
        documents = await self._store.scan(
            mapping.collection, partition, key_prefix + prefix, limit
        )
        rows = [mapping.parse(document.body) for document in documents]
        if key_prefix == mapping.key_prefixes[0]:
            self._seen[partition] = {
                mapping.name(row): (document, row)
                for document, row in zip(documents, rows, strict=True)
            }
        return rows

    async def find(self, partition: str, name: str) -> T | None:
        """Returns the row, whatever its key prefix is. Reads the first prefix first: most rows that
        are asked for have it."""
        first, *others = self._mapping.key_prefixes
        _, row = await self._read(partition, name, [first])
        if row is None:
            _, row = await self._read(partition, name, others)
        return row

    async def update(
        self, rows: Sequence[T], decide: Decide[T], *, as_listed: bool = False
    ) -> list[T]:
        """Saves `decide(stored, row)` for each row of one partition, unless it is None. Returns the
        saved rows.

        With `as_listed`, a row that this process has listed or written is not read again; its etag
        detects any change.

        Raises Conflict after MAX_LOST_RACES lost races.
        """
        written: list[T] = []
        for start in range(0, len(rows), ROWS_PER_COMMIT):
            chunk = rows[start : start + ROWS_PER_COMMIT]
            stored = self._as_listed if as_listed else self._as_expected
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Conflict),
                stop=stop_after_attempt(MAX_LOST_RACES),
                reraise=True,
            ):
                with attempt:
                    written += await self._update_once(chunk, decide, stored)
                stored = self._under_all_prefixes
        return written

    async def remove(self, rows: Sequence[T], is_still: Callable[[T], bool]) -> int:
        """Deletes the rows for which `is_still` holds. Returns how many."""
        removed = 0
        for row in rows:
            partition = self._mapping.partition(row)
            documents, stored = await self._under_all_prefixes(row)
            if stored is None or not is_still(stored):
                continue
            deletes = [Delete(d.key, d.etag) for d in documents.values()]
            try:
                await self._store.commit(self._mapping.collection, partition, deletes)
            except Conflict:
                continue  # it changed meanwhile
            removed += 1
        return removed

    async def _update_once(
        self, rows: Sequence[T], decide: Decide[T], stored: Callable[[T], Awaitable[Stored[T]]]
    ) -> list[T]:
        partition = self._mapping.partition(rows[0])
        reads = await asyncio.gather(*(stored(row) for row in rows))
        written: list[T] = []
        writes: list[Write] = []
        for (documents, known), row in zip(reads, rows, strict=True):
            decided = decide(known, row)
            if decided is not None:
                written.append(decided)
                writes += self._writes(documents, decided)
                writes += self._mapping.also_write(known, decided)
        if writes:
            etags = await self._store.commit(self._mapping.collection, partition, writes)
            self._note(partition, written, zip(writes, etags, strict=True))
        return written

    async def _as_listed(self, row: T) -> Stored[T]:
        mapping = self._mapping
        document, seen = self._seen.get(mapping.partition(row), {}).get(
            mapping.name(row), (None, None)
        )
        if document is not None and seen == row:
            return {mapping.key_prefix(row): document}, seen
        return await self._as_expected(row)

    async def _as_expected(self, row: T) -> Stored[T]:
        """Reads the document under the row's own key prefix, and the others only if it is not
        there."""
        mapping = self._mapping
        key_prefix, name = mapping.key_prefix(row), mapping.name(row)
        document = await self._store.get(
            mapping.collection, mapping.partition(row), key_prefix + name
        )
        if document is not None:
            return {key_prefix: document}, mapping.parse(document.body)
        others = [other for other in mapping.key_prefixes if other != key_prefix]
        return await self._read(mapping.partition(row), name, others)

    async def _under_all_prefixes(self, row: T) -> Stored[T]:
        mapping = self._mapping
        return await self._read(mapping.partition(row), mapping.name(row), mapping.key_prefixes)

    async def _read(self, partition: str, name: str, key_prefixes: Sequence[str]) -> Stored[T]:
        found = await asyncio.gather(
            *(
                self._store.get(self._mapping.collection, partition, key_prefix + name)
                for key_prefix in key_prefixes
            )
        )
        documents = {
            key_prefix: d
            for key_prefix, d in zip(key_prefixes, found, strict=True)
            if d is not None
        }
        first = next(iter(documents.values()), None)
        return documents, self._mapping.parse(first.body) if first else None

    def _writes(self, documents: dict[str, Document], row: T) -> list[Write]:
        """Returns the writes that keep the row under one key prefix; a move is one commit."""
        key_prefix = self._mapping.key_prefix(row)
        same = documents.get(key_prefix)
        key = key_prefix + self._mapping.name(row)
        others = [d for other, d in documents.items() if other != key_prefix]
        return [
            Put(key, self._mapping.body(row), same.etag if same else None),
            *(Delete(other.key, other.etag) for other in others),
        ]

    def _note(
        self, partition: str, rows: Sequence[T], done: Iterable[tuple[Write, str | None]]
    ) -> None:
        """Updates the rows in `_seen` after a write, if their partition has been listed."""
        mapping, seen = self._mapping, self._seen.get(partition)
        if seen is None:
            return
        put = {
            w.key: Document(w.key, w.body, etag) for w, etag in done if isinstance(w, Put) and etag
        }
        for row in rows:
            seen.pop(mapping.name(row), None)
            if mapping.key_prefix(row) == mapping.key_prefixes[0]:
                seen[mapping.name(row)] = put[mapping.key_prefix(row) + mapping.name(row)], row

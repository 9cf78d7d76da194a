"""Stores rows of one partition whose state (open, finished) is a prefix of their key, so that the
open rows can be read without touching the others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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

Read = Callable[[T], Awaitable[Stored[T]]]
"""Returns what is stored of a row, or what was stored a moment ago: etags detect any change."""

Commit = Callable[[Sequence[Write]], Awaitable[Sequence[str | None]]]
"""Commits writes of one partition, with others that the caller adds. Returns the etags of the
writes given. Raises Conflict."""


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
    """`on_also_written` gets the documents that `also_write` has added to a commit."""

    def __init__(
        self,
        store: Store,
        mapping: RowMapping[T],
        on_also_written: Callable[[Sequence[Document]], None] = lambda _documents: None,
    ) -> None:
        self._store = store
        self._mapping = mapping
        self._on_also_written = on_also_written
        self._kept = mapping.key_prefixes[:-1] or mapping.key_prefixes
        self._seen: dict[str, dict[str, tuple[str, Document, T]]] = {}
        """Rows with their key prefix, by partition and name, as they were last listed or written
        here. Those with the last key prefix, the history, are not kept."""

    async def listed(
        self, partition: str, key_prefix: str, prefix: str = "", limit: int | None = None
    ) -> list[T]:
        """Returns the rows with one key prefix whose name begins with `prefix`."""
        mapping = self._mapping
        documents = await self._store.scan(
            mapping.collection, partition, key_prefix + prefix, limit
        )
        return self.list_from(partition, key_prefix, documents)

    def list_from(self, partition: str, key_prefix: str, documents: Sequence[Document]) -> list[T]:
        """Returns the rows of documents that the caller has read: all those with the key prefix.
        A row whose etag was seen before is not parsed again."""
        seen = self._seen.get(partition, {})
        parsed = {(document.key, document.etag): row for _, document, row in seen.values()}
        rows = [
            parsed.get((document.key, document.etag)) or self._mapping.parse(document.body)
            for document in documents
        ]
        if key_prefix in self._kept:
            others = {name: kept for name, kept in seen.items() if kept[0] != key_prefix}
            listed = {
                self._mapping.name(row): (key_prefix, document, row)
                for document, row in zip(documents, rows, strict=True)
            }
            self._seen[partition] = {**others, **listed}
        return rows

    def last_seen(self, partition: str) -> list[T]:
        """Returns the rows with the first key prefix as they were last listed or written here."""
        first, seen = self._mapping.key_prefixes[0], self._seen.get(partition, {})
        return [row for _, (key_prefix, _, row) in sorted(seen.items()) if key_prefix == first]

    async def find(self, partition: str, name: str) -> T | None:
        """Returns the row, whatever its key prefix is. Reads the first prefix first: most rows that
        are asked for have it."""
        first, *others = self._mapping.key_prefixes
        _, row = await self._get(partition, name, [first])
        if row is None:
            _, row = await self._get(partition, name, others)
        return row

    async def read(self, rows: Sequence[T]) -> Mapping[str, Stored[T]]:
        """Returns what is stored of rows of one partition, by name."""
        read = await asyncio.gather(*(self.stored(row) for row in rows))
        return dict(zip(map(self._mapping.name, rows), read, strict=True))

    async def update(
        self,
        rows: Sequence[T],
        decide: Decide[T],
        *,
        read: Read[T] | None = None,
        commit: Commit | None = None,
    ) -> list[T]:
        """Saves `decide(stored, row)` for each row of one partition, unless it is None. Returns the
        saved rows.

        The first attempt takes the rows from `read` (default: `stored`). After a lost race they are
        read from the store. `commit` (default: that of the store) makes the writes.

        Raises Conflict after MAX_LOST_RACES lost races.
        """
        written: list[T] = []
        for start in range(0, len(rows), ROWS_PER_COMMIT):
            chunk = rows[start : start + ROWS_PER_COMMIT]
            stored = read or self.stored
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Conflict),
                stop=stop_after_attempt(MAX_LOST_RACES),
                reraise=True,
            ):
                with attempt:
                    written += await self._update_once(chunk, decide, stored, commit)
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
        self, rows: Sequence[T], decide: Decide[T], stored: Read[T], commit: Commit | None
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
            collection = self._mapping.collection
            make = commit or partial(self._store.commit, collection, partition)
            self._note_writes(partition, written, writes, await make(writes))
        return written

    async def as_listed(self, row: T) -> Stored[T]:
        """Does not read a row that was listed or written here, and is unchanged since."""
        mapping = self._mapping
        kept = self._seen.get(mapping.partition(row), {}).get(mapping.name(row))
        if kept is not None and kept[2] == row:
            key_prefix, document, seen = kept
            return {key_prefix: document}, seen
        return await self.stored(row)

    async def as_new(self, _row: T) -> Stored[T]:
        """Takes the row to be absent: if it is there, the first attempt loses the race."""
        return {}, None

    async def stored(self, row: T) -> Stored[T]:
        """Reads the document under the row's own key prefix, and the others only if it is not
        there."""
        mapping = self._mapping
        key_prefix, name = mapping.key_prefix(row), mapping.name(row)
        document = await self._store.get(
            mapping.collection, mapping.partition(row), key_prefix + name
        )
        if document is not None:
            stored: Stored[T] = {key_prefix: document}, mapping.parse(document.body)
        else:
            others = [other for other in mapping.key_prefixes if other != key_prefix]
            stored = await self._get(mapping.partition(row), name, others)
        self._note_read(row, stored)
        return stored

    async def _under_all_prefixes(self, row: T) -> Stored[T]:
        mapping = self._mapping
        stored = await self._get(mapping.partition(row), mapping.name(row), mapping.key_prefixes)
        self._note_read(row, stored)
        return stored

    async def _get(self, partition: str, name: str, key_prefixes: Sequence[str]) -> Stored[T]:
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

    def _note_read(self, row: T, stored: Stored[T]) -> None:
        """Updates the row in `_seen` after it was read, if its partition has been listed."""
        mapping, (documents, known) = self._mapping, stored
        seen = self._seen.get(mapping.partition(row))
        if seen is None:
            return
        seen.pop(mapping.name(row), None)
        for key_prefix, document in documents.items():
            if known is not None and key_prefix in self._kept:
                seen[mapping.name(row)] = key_prefix, document, known
            return

    def _note_writes(
        self,
        partition: str,
        rows: Sequence[T],
        writes: Sequence[Write],
        etags: Sequence[str | None],
    ) -> None:
        """Updates the rows in `_seen` after a write, if their partition has been listed."""
        mapping, seen = self._mapping, self._seen.get(partition)
        put = {
            write.key: Document(write.key, write.body, etag)
            for write, etag in zip(writes, etags, strict=True)
            if isinstance(write, Put) and etag
        }
        own = {mapping.key_prefix(row) + mapping.name(row) for row in rows}
        self._on_also_written([document for key, document in put.items() if key not in own])
        if seen is None:
            return
        for row in rows:
            name, key_prefix = mapping.name(row), mapping.key_prefix(row)
            seen.pop(name, None)
            if key_prefix in self._kept:
                seen[name] = key_prefix, put[key_prefix + name], row

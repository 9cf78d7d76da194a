"""Stores rows of one partition whose state (open, finished) is a prefix of their key, so that the
open rows can be read without touching the others.

A document that cannot be read hurts no other row. Lists give its stand-in, if there is one. Nothing
writes over it: what is found about it meanwhile is written aside (ASIDE_PREFIX), until `take_back`
finds that its place is free or can be read again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from hasten.chunks import chunks
from hasten.errors import Conflict
from hasten.ports.store import Delete, Document, Put, Store, Write
from hasten.records.bad_documents import BadDocuments
from hasten.records.commits import try_commit
from hasten.records.reading import parsed
from hasten.records.row_mapping import ASIDE_PREFIX, Commit, Decide, Read, RowMapping, Stored
from hasten.records.seen_rows import SeenRows
from hasten.records.unreadable import UnreadableRow, UnreadableRowError

MAX_LOST_RACES = 8
"""Conflicts in a row before `update` raises Conflict; Service Bus then redelivers the message."""

T = TypeVar("T")


class Repository(Generic[T]):
    """`on_also_written` gets the documents that `also_write` has added to a commit. `keeps_all`:
    the repository remembers all rows that it lists, not only those that somebody else holds."""

    def __init__(
        self,
        store: Store,
        mapping: RowMapping[T],
        on_also_written: Callable[[Sequence[Document]], None] = lambda _documents: None,
        *,
        keeps_all: bool = False,
    ) -> None:
        self._store = store
        self._mapping = mapping
        self._on_also_written = on_also_written
        self._seen = SeenRows(mapping, keeps_all=keeps_all)
        self._bad = BadDocuments()

    async def listed(
        self, partition: str, key_prefix: str, prefix: str = "", limit: int | None = None
    ) -> list[T]:
        """Returns the rows with one key prefix whose name begins with `prefix`: the first `limit`
        of them, or all."""
        collection = self._mapping.collection
        documents = await self._store.scan(collection, partition, key_prefix + prefix, limit)
        return await self.list_from(partition, key_prefix, documents)

    async def list_from(
        self, partition: str, key_prefix: str, documents: Sequence[Document]
    ) -> list[T]:
        """Returns the rows of documents that the caller has read: all those with the key prefix.
        A row whose etag was seen before is not parsed again."""
        known = self._seen.parsed(partition)
        rows: list[tuple[Document, T]] = []
        for document in documents:
            row = known.get((document.key, document.etag)) or self._shown(partition, document)
            if row is not None:
                rows.append((document, row))
        self._seen.listed(partition, key_prefix, rows)
        await self._bad.note(self._store)
        return [row for _, row in rows]

    def last_seen(self, partition: str) -> list[T]:
        """Returns the rows with the first key prefix as they were last listed or written here: all
        of them if the repository `keeps_all`."""
        return self._seen.first_rows(partition)

    async def find(self, partition: str, name: str) -> T | None:
        """Returns the row, whatever its key prefix is, or its stand-in. A row that moves on between
        two reads is found, as `_get` says; one that goes back to the first prefix is found there in
        the end. Raises UnreadableRowError if the row cannot be read and has no stand-in."""
        documents, row = dict[str, Document](), None
        first, *others = self._mapping.key_prefixes
        for key_prefix in (first, *others, first) if others else (first,):
            documents, row = await self._get(partition, name, [key_prefix])
            if documents:
                break
        bad = self._bad.among(partition, documents)
        if bad is None:
            return row
        stand_in = self._mapping.in_place_of(bad)
        if stand_in is None:
            raise UnreadableRowError(bad)
        return stand_in

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
        saved rows. A row whose place is taken by a document that cannot be read is written aside,
        or `decide` is not asked about it.

        The first attempt takes the rows from `read` (default: `stored`). After a lost race they are
        read from the store. `commit` (default: that of the store) makes the writes.

        Raises Conflict after MAX_LOST_RACES lost races.
        """
        written: list[T] = []
        for chunk in chunks(rows, self._mapping.rows_per_commit):
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

    async def take_back(self, partition: str, decide: Decide[T]) -> tuple[list[T], int]:
        """Writes the rows that were written aside to their places, if those are free or can be read
        again. Returns the rows that it wrote, and how many still lie aside."""
        mapping, taken, left = self._mapping, list[T](), 0
        for document in await self._store.scan(mapping.collection, partition, ASIDE_PREFIX):
            row = self._row(partition, document)
            name = document.key.removeprefix(ASIDE_PREFIX)
            documents, known = await self._get(partition, name, mapping.key_prefixes)
            if isinstance(row, UnreadableRow) or self._bad.among(partition, documents):
                left += 1
                continue
            decided = decide(known, row)
            writes: list[Write] = [Delete(document.key, document.etag)]
            if decided is not None:
                writes += self._writes(documents, decided, mapping.key_prefix(decided))
                writes += mapping.also_write(known, decided)
            if not await try_commit(self._store, mapping.collection, partition, writes):
                left += 1  # it changed meanwhile
            elif decided is not None:
                taken.append(decided)
        return taken, left

    async def remove(
        self, rows: Sequence[T], is_still: Callable[[T], bool], *, also_unreadable: bool = False
    ) -> None:
        """Deletes the rows for which `is_still` holds. What cannot be read stays, unless it is
        `also_unreadable` that goes."""
        for row in rows:
            partition = self._mapping.partition(row)
            documents, stored = await self._under_all_prefixes(row)
            if self._bad.among(partition, documents):
                stored = row if also_unreadable else None
            if stored is None or not is_still(stored):
                continue
            deletes = [Delete(d.key, d.etag) for d in documents.values()]
            await try_commit(self._store, self._mapping.collection, partition, deletes)

    async def _update_once(
        self, rows: Sequence[T], decide: Decide[T], stored: Read[T], commit: Commit | None
    ) -> list[T]:
        mapping, partition = self._mapping, self._mapping.partition(rows[0])
        reads = await asyncio.gather(*(stored(row) for row in rows))
        written: list[T] = []
        writes: list[Write] = []
        for (documents, known), row in zip(reads, rows, strict=True):
            is_blocked = self._bad.among(partition, documents) is not None
            if is_blocked and not mapping.keeps_aside:
                continue
            decided = decide(known, row)
            if decided is not None:
                written.append(decided)
                to = ASIDE_PREFIX if is_blocked else mapping.key_prefix(decided)
                writes += self._writes(self._free(partition, documents), decided, to)
                writes += mapping.also_write(known, decided)
        if writes:
            make = commit or partial(self._store.commit, mapping.collection, partition)
            self._note_writes(partition, written, writes, await make(writes))
        return written

    async def as_listed(self, row: T) -> Stored[T]:
        """Does not read a row that was listed or written here, and is unchanged since."""
        kept = self._seen.find(row)
        if kept is not None and kept[2] == row:
            key_prefix, document, seen = kept
            if not self._bad.among(self._mapping.partition(row), {key_prefix: document}):
                return {key_prefix: document}, seen
        return await self.stored(row)

    async def as_new(self, _row: T) -> Stored[T]:
        """Takes the row to be absent: if it is there, the first attempt loses the race."""
        return {}, None

    async def stored(self, row: T) -> Stored[T]:
        """Reads the document under the row's own key prefix, and the others only if it is not
        there."""
        mapping = self._mapping
        partition, key_prefix = mapping.partition(row), mapping.key_prefix(row)
        stored = await self._get(partition, mapping.name(row), [key_prefix])
        if not stored[0]:
            others = [other for other in mapping.key_prefixes if other != key_prefix]
            stored = await self._get(partition, mapping.name(row), others)
        return self._noted(row, stored)

    async def _under_all_prefixes(self, row: T) -> Stored[T]:
        mapping = self._mapping
        stored = await self._get(mapping.partition(row), mapping.name(row), mapping.key_prefixes)
        return self._noted(row, stored)

    def _noted(self, row: T, stored: Stored[T]) -> Stored[T]:
        if not self._bad.among(self._mapping.partition(row), stored[0]):
            self._seen.read(row, stored)
        return stored

    async def _get(self, partition: str, name: str, key_prefixes: Sequence[str]) -> Stored[T]:
        """Returns what lies under these prefixes, which it reads one after another in the order in
        which a row gets them: a row that moves on meanwhile is not taken to be absent. If some of
        it cannot be read, the row is the one that was written aside, or one that can be read."""
        mapping = self._mapping

        async def read(prefixes: Sequence[str]) -> dict[str, Document]:
            found = dict[str, Document]()
            for prefix in prefixes:
                document = await self._store.get(mapping.collection, partition, prefix + name)
                if document is not None:
                    found[prefix] = document
            return found

        documents = await read(key_prefixes)
        rows = [self._row(partition, document) for document in documents.values()]
        if mapping.keeps_aside and any(isinstance(row, UnreadableRow) for row in rows):
            aside = await read([ASIDE_PREFIX])
            documents = {**documents, **aside}
            rows = [*(self._row(partition, document) for document in aside.values()), *rows]
        await self._bad.note(self._store)
        known = next((row for row in rows if not isinstance(row, UnreadableRow)), None)
        return documents, known

    def _shown(self, partition: str, document: Document) -> T | None:
        row = self._row(partition, document)
        return self._mapping.in_place_of(row) if isinstance(row, UnreadableRow) else row

    def _row(self, partition: str, document: Document) -> T | UnreadableRow:
        mapping = self._mapping
        row = parsed(
            mapping.collection, partition, document, lambda d: mapping.checked(partition, d)
        )
        if isinstance(row, UnreadableRow):
            self._bad.add(row)
        return row

    def _free(self, partition: str, documents: Mapping[str, Document]) -> dict[str, Document]:
        """Returns the documents that may be written over: those that can be read, and what was
        written aside, which Hasten writes anew."""
        aside = {p: d for p, d in documents.items() if p == ASIDE_PREFIX}
        return self._bad.without(partition, documents) | aside

    def _writes(self, documents: Mapping[str, Document], row: T, key_prefix: str) -> list[Write]:
        """Returns the writes that keep the row under one key prefix; a move is one commit."""
        same = documents.get(key_prefix)
        key = key_prefix + self._mapping.name(row)
        others = [d for other, d in documents.items() if other != key_prefix]
        return [
            Put(key, self._mapping.body(row), same.etag if same else None),
            *(Delete(other.key, other.etag) for other in others),
        ]

    def _note_writes(
        self,
        partition: str,
        rows: Sequence[T],
        writes: Sequence[Write],
        etags: Sequence[str | None],
    ) -> None:
        mapping = self._mapping
        put = {
            write.key: Document(write.key, write.body, etag)
            for write, etag in zip(writes, etags, strict=True)
            if isinstance(write, Put) and etag
        }
        own = {p + mapping.name(row) for row in rows for p in (*mapping.key_prefixes, ASIDE_PREFIX)}
        self._on_also_written([document for key, document in put.items() if key not in own])
        self._seen.written(partition, rows, put)

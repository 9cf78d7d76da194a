"""Rows of one partition that move between forms (open, finished), each a prefix of their key: the
open ones are read without touching the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store, Write

ROWS_PER_COMMIT = 20
"""A row takes at most five writes and a commit 100; fewer rows mean fewer lost races."""

ATTEMPTS = 8
"""Lost races in a row before the conflict surfaces; Service Bus then delivers the message again."""

T = TypeVar("T")

Stored = tuple[dict[str, Document], T | None]
"""The documents of a row by form (more than one only if a writer was not ours), and the row."""

Decide = Callable[[T | None, T], T | None]
"""(stored, given) → what to store; None leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How rows of one kind are stored. `partition`, `form` and `name` place a row; a row is in one
    of `forms` at a time. `beside` adds writes to the same commit: (stored before, stored now)."""

    collection: str
    forms: Sequence[str]
    partition: Callable[[T], str]
    form: Callable[[T], str]
    name: Callable[[T], str]
    body: Callable[[T], Json]
    parse: Callable[[Json], T]
    beside: Callable[[T | None, T], Sequence[Write]] = lambda _before, _now: ()


class Rows(Generic[T]):
    def __init__(self, store: Store, shape: Shape[T]) -> None:
        self._store = store
        self._shape = shape
        self._seen: dict[str, dict[str, tuple[Document, T]]] = {}
        """Rows in the first form by partition and name, as they were listed or written last."""

    async def listed(
        self, partition: str, form: str, prefix: str = "", limit: int | None = None
    ) -> list[T]:
        """Rows in one form whose name begins with `prefix`."""
        shape = self._shape
        documents = await self._store.scan(shape.collection, partition, form + prefix, limit)
        rows = [shape.parse(document.body) for document in documents]
        if form == shape.forms[0]:
            self._seen[partition] = {
                shape.name(row): (document, row)
                for document, row in zip(documents, rows, strict=True)
            }
        return rows

    async def find(self, partition: str, name: str) -> T | None:
        """The row in whatever form it is."""
        _, row = await self._read(partition, name, self._shape.forms)
        return row

    async def update(
        self, rows: Sequence[T], decide: Decide[T], *, as_listed: bool = False
    ) -> list[T]:
        """Puts `decide(stored, row)` for each row of one partition, where it is not None.
        `as_listed` when the rows were read before: what was last seen of them is then not read
        again, as its etag tells whether it is still so.

        Raises Conflict after too many lost races.
        """
        written: list[T] = []
        for start in range(0, len(rows), ROWS_PER_COMMIT):
            chunk = rows[start : start + ROWS_PER_COMMIT]
            stored = self._as_listed if as_listed else self._as_expected
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Conflict),
                stop=stop_after_attempt(ATTEMPTS),
                reraise=True,
            ):
                with attempt:
                    written += await self._update_once(chunk, decide, stored)
                stored = self._in_all_forms
        return written

    async def remove(self, rows: Sequence[T], is_still: Callable[[T], bool]) -> int:
        """Deletes rows for which `is_still` holds; how many."""
        removed = 0
        for row in rows:
            partition = self._shape.partition(row)
            documents, stored = await self._in_all_forms(row)
            if stored is None or not is_still(stored):
                continue
            deletes = [Delete(d.key, d.etag) for d in documents.values()]
            try:
                await self._store.commit(self._shape.collection, partition, deletes)
            except Conflict:
                continue  # it changed meanwhile
            removed += 1
        return removed

    async def _update_once(
        self, rows: Sequence[T], decide: Decide[T], stored: Callable[[T], Awaitable[Stored[T]]]
    ) -> list[T]:
        partition = self._shape.partition(rows[0])
        reads = await asyncio.gather(*(stored(row) for row in rows))
        written: list[T] = []
        writes: list[Write] = []
        for (documents, known), row in zip(reads, rows, strict=True):
            decided = decide(known, row)
            if decided is not None:
                written.append(decided)
                writes += self._writes(documents, decided)
                writes += self._shape.beside(known, decided)
        if writes:
            etags = await self._store.commit(self._shape.collection, partition, writes)
            self._note(partition, written, zip(writes, etags, strict=True))
        return written

    async def _as_listed(self, row: T) -> Stored[T]:
        shape = self._shape
        document, seen = self._seen.get(shape.partition(row), {}).get(shape.name(row), (None, None))
        if document is not None and seen == row:
            return {shape.form(row): document}, seen
        return await self._as_expected(row)

    async def _as_expected(self, row: T) -> Stored[T]:
        """Reads the form that `row` has first, and the others only where it is not found there."""
        shape = self._shape
        form, name = shape.form(row), shape.name(row)
        document = await self._store.get(shape.collection, shape.partition(row), form + name)
        if document is not None:
            return {form: document}, shape.parse(document.body)
        others = [other for other in shape.forms if other != form]
        return await self._read(shape.partition(row), name, others)

    async def _in_all_forms(self, row: T) -> Stored[T]:
        shape = self._shape
        return await self._read(shape.partition(row), shape.name(row), shape.forms)

    async def _read(self, partition: str, name: str, forms: Sequence[str]) -> Stored[T]:
        found = await asyncio.gather(
            *(self._store.get(self._shape.collection, partition, form + name) for form in forms)
        )
        documents = {form: d for form, d in zip(forms, found, strict=True) if d is not None}
        first = next(iter(documents.values()), None)
        return documents, self._shape.parse(first.body) if first else None

    def _writes(self, documents: dict[str, Document], row: T) -> list[Write]:
        """Keeps the row in one form, and moves it there in one commit."""
        form = self._shape.form(row)
        same = documents.get(form)
        key = form + self._shape.name(row)
        others = [d for other, d in documents.items() if other != form]
        return [
            Put(key, self._shape.body(row), same.etag if same else None),
            *(Delete(other.key, other.etag) for other in others),
        ]

    def _note(
        self, partition: str, rows: Sequence[T], done: Iterable[tuple[Write, str | None]]
    ) -> None:
        """What was written, where its partition has been listed."""
        shape, seen = self._shape, self._seen.get(partition)
        if seen is None:
            return
        put = {
            w.key: Document(w.key, w.body, etag) for w, etag in done if isinstance(w, Put) and etag
        }
        for row in rows:
            seen.pop(shape.name(row), None)
            if shape.form(row) == shape.forms[0]:
                seen[shape.name(row)] = put[shape.form(row) + shape.name(row)], row

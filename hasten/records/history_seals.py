"""Chains the entries of the history in the order in which Hasten found them written, and fills the
indexes.

The order of writes is seal, indexes, marks. A mark is deleted last, so that a crash between any two
writes leaves it, and the next run finishes the seal. Before a worker writes a seal it finishes the
one before, so no entry is sealed twice. An entry that is written late is sealed late; it changes no
seal.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hasten.domain.history import Entry
from hasten.domain.history_chain import FIRST_DIGEST, Seal, sealed
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import try_commit
from hasten.records.fields import moment
from hasten.records.history_days import list_day
from hasten.records.history_keys import (
    HISTORY_COLLECTION,
    NEW_PREFIX,
    SEALS_PARTITION,
    day_partition,
    index_partitions,
    key_of,
    parse,
)
from hasten.records.missing import put_missing
from hasten.records.values import values
from hasten.side_by_side import side_by_side

HEAD_KEY = "head"
SEAL_PREFIX = "seal|"
PAGE_PREFIX = "page|"

ENTRIES_PER_SEAL = 100
MAX_PAGE_CHARS = 200 * 1024
"""Characters of the entries of one seal: a document takes 256 KiB."""

INDEXES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last seal. `day` is the day of its entries."""

    number: int = 0
    digest: str = FIRST_DIGEST
    at: datetime | None = None
    day: str = ""
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """Entries of the seals after a cursor, and the cursor after them."""

    entries: Sequence[Entry]
    cursor: int


@dataclass(frozen=True, slots=True)
class Seals:
    store: Store

    async def head(self) -> Head:
        """Raises UnreadableRowError: no seal can follow one that nobody can read."""
        document = await self.store.get(HISTORY_COLLECTION, SEALS_PARTITION, HEAD_KEY)
        if document is None:
            return Head()
        place = (HISTORY_COLLECTION, SEALS_PARTITION)
        return await reading.needed(self.store, *place, document, _head)

    async def seal(self, days: Collection[str], now: datetime) -> int:
        """Seals up to ENTRIES_PER_SEAL entries of the first of `days` that has entries without a
        seal. Returns how many; 0 if there are none, or if another worker was faster."""
        head = await self.head()
        last: Collection[str] | None = None
        for day in sorted({*days, head.day} - {""}):
            marks = await self._marks(day)
            if not marks:
                continue
            if last is None:
                last = {key for key, _ in await self._page(head.number)}
            left = [mark for mark in marks if _key(mark) in last]
            if left and not await self._finish(day, left):
                return 0
            fresh = _fitting([mark for mark in marks if mark not in left])
            if fresh:
                return len(fresh) if await self._seal(head, day, fresh, now) else 0
        return 0

    async def since(self, cursor: int, limit: int = 10) -> SealedBatch:
        """Returns the entries of the next `limit` seals after `cursor`, in the order of the seals.
        0 begins with the first seal that is kept. Every entry comes once, also a late one."""
        pages = await self.pages(cursor, limit)
        entries = [entry for _, entries in pages for entry in entries]
        return SealedBatch(entries, pages[-1][0] if pages else cursor)

    async def pages(self, cursor: int, limit: int) -> Sequence[tuple[int, Sequence[Entry]]]:
        """Returns the next `limit` seals after `cursor`: the number of each and its entries."""
        pages = await self.store.scan(
            HISTORY_COLLECTION, SEALS_PARTITION, PAGE_PREFIX, limit, after=page_key(cursor)
        )
        place = (HISTORY_COLLECTION, SEALS_PARTITION)
        read = {d.key: e for d, e in await reading.readable(self.store, *place, pages, _entries)}
        return [(int(d.key.removeprefix(PAGE_PREFIX)), read.get(d.key, ())) for d in pages]

    async def _marks(self, day: str) -> Sequence[Document]:
        """Returns the first marks of a day that can be read."""
        place, after = (HISTORY_COLLECTION, day_partition(day)), ""
        while True:
            marks = await self.store.scan(*place, NEW_PREFIX, ENTRIES_PER_SEAL, after=after)
            found = await reading.readable(self.store, *place, marks, _key)
            if found or len(marks) < ENTRIES_PER_SEAL:
                return [mark for mark, _ in found]
            after = marks[-1].key

    async def _seal(self, head: Head, day: str, marks: Sequence[Document], now: datetime) -> bool:
        await list_day(self.store, day)
        keys, bodies = [_key(mark) for mark in marks], [mark.body for mark in marks]
        seal = sealed(head.digest, head.number + 1, at=now, day=day, keys=keys, bodies=bodies)
        page = {"entries": [[key, dict(body)] for key, body in zip(keys, bodies, strict=True)]}
        writes = [
            Put(HEAD_KEY, _head_body(seal), head.etag),
            Put(seal_key(seal.number), _seal_body(seal)),
            Put(page_key(seal.number), page),
        ]
        if not await try_commit(self.store, HISTORY_COLLECTION, SEALS_PARTITION, writes):
            return False
        await self._finish(day, marks)
        return True

    async def _finish(self, day: str, marks: Sequence[Document]) -> bool:
        """Fills the indexes and deletes the marks. Returns False if another worker does it too."""
        puts: dict[str, list[Sequence[Put]]] = defaultdict(list)
        for mark in marks:
            entry = parse(mark.body)
            for partition in index_partitions(entry):
                puts[partition].append([Put(key_of(entry), mark.body)])

        async def fill(partition: str) -> None:
            await put_missing(self.store, HISTORY_COLLECTION, partition, puts[partition])

        await side_by_side(fill, puts, INDEXES_AT_ONCE)
        deletes = [Delete(mark.key, mark.etag) for mark in marks]
        return await try_commit(self.store, HISTORY_COLLECTION, day_partition(day), deletes)

    async def _page(self, number: int) -> Sequence[tuple[str, Json]]:
        page = await self.store.get(HISTORY_COLLECTION, SEALS_PARTITION, page_key(number))
        place = (HISTORY_COLLECTION, SEALS_PARTITION)
        return await reading.read_or(self.store, *place, page, lines_of, safe=()) if page else ()


def _fitting(marks: Sequence[Document]) -> Sequence[Document]:
    """Returns as many of the first marks as fit into one document."""
    chars = 0
    for number, mark in enumerate(marks):
        chars += len(json.dumps(mark.body))
        if chars > MAX_PAGE_CHARS and number:
            return marks[:number]
    return marks


def _key(mark: Document) -> str:
    return key_of(parse(mark.body))


def _entries(page: Document) -> Sequence[Entry]:
    return [parse(body) for _, body in lines_of(page)]


def lines_of(page: Document) -> Sequence[tuple[str, Json]]:
    return [(key, body) for key, body in page.body["entries"]]


def seal_key(number: int) -> str:
    return f"{SEAL_PREFIX}{number:012}"


def seal_of(document: Document) -> Seal:
    return Seal(**{**document.body, "at": moment(document.body["at"])})


def page_key(number: int) -> str:
    return f"{PAGE_PREFIX}{number:012}"


def _head(document: Document) -> Head:
    body: dict[str, Any] = {**document.body, "at": moment(document.body["at"])}
    return Head(**body, etag=document.etag)


def _head_body(seal: Seal) -> Json:
    return {
        "number": seal.number,
        "digest": seal.digest,
        "at": seal.at.isoformat(),
        "day": seal.day,
    }


def _seal_body(seal: Seal) -> Json:
    return {**values(seal), "at": seal.at.isoformat()}

"""Compares the history with its seals, and the indexes with the history.

Entries are read first, then marks, then seals: what is written meanwhile is no finding. A mark
goes only when its entry has a seal.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from hasten.domain.history import FORGOTTEN_BEFORE, Entry, EntryKind
from hasten.domain.history_chain import FIRST_DIGEST, Seal, digest_of, digest_of_all, is_intact
from hasten.domain.history_findings import Checked, HistoryFinding, Wrong
from hasten.json import Json
from hasten.ports.store import Document, Store
from hasten.records.history_days import listed, recent_days
from hasten.records.history_keys import (
    AT_PREFIX,
    HISTORY_COLLECTION,
    NEW_PREFIX,
    SEALS_PARTITION,
    day_of,
    day_partition,
    end_key,
    index_partitions,
    key_of,
    parse,
)
from hasten.records.history_seals import SEAL_PREFIX, Seals, lines_of, page_key, seal_key, seal_of
from hasten.side_by_side import side_by_side

ENTRIES_PER_READ = 500
INDEXES_AT_ONCE = 16

UNREADABLE = "unreadable"
"""Takes the place of the digest of a document that is no JSON object."""

A = TypeVar("A")
T = TypeVar("T")


@dataclass(slots=True)
class Check:
    """One check of everything since the beginning of `since`, or of all that is kept. `expected`
    are digests of seals that were logged, by number."""

    store: Store
    now: datetime
    since: datetime | None = None
    expected: Mapping[int, str] = field(default_factory=dict)
    _findings: list[HistoryFinding] = field(default_factory=list)
    _unsealed: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digests by key of each day, of entries of which no seal was read yet."""

    _indexed: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _marked: set[str] = field(default_factory=set)
    _first_day: str = ""
    """The first day that must be there: that of `since`, or the first that Hasten has not deleted
    by an entry that says so."""

    _entries: int = 0
    _seals: int = 0

    async def run(self) -> Checked:
        """Raises TemporaryError and PermanentError of the store."""
        days = await self._read_days()
        last = await self._read_seals()
        for day, left in self._unsealed.items():
            for key in sorted(left.keys() - self._marked):
                await self._inserted(day, key)
        await self._read_indexes()
        return Checked(
            days=len(days),
            entries=self._entries,
            unsealed=len(self._marked & {k for left in self._unsealed.values() for k in left}),
            seals=self._seals,
            number=last.number if last else 0,
            digest=last.digest if last else FIRST_DIGEST,
            findings=self._findings,
        )

    async def _read_days(self) -> Sequence[str]:
        known = {*recent_days(self.now), *await listed(self.store)}
        first = self._first_day = day_of(self.since) if self.since else ""
        days = sorted(day for day in known if day >= first)
        for day in days:
            digests: dict[str, str] = {}
            async for document in self._scan(day_partition(day), AT_PREFIX):
                key, digest = document.key.removeprefix(AT_PREFIX), _digest(document)
                digests[key] = digest
                entry = _entry(document.body)
                if entry is None:
                    continue
                for partition in index_partitions(entry):
                    self._indexed[partition][key] = digest
                if entry.kind is EntryKind.FORGOTTEN:
                    kept = entry.details[FORGOTTEN_BEFORE]
                    self._first_day = max(self._first_day, kept)
            self._entries += len(digests)
            async for mark in self._scan(day_partition(day), NEW_PREFIX):
                entry = _entry(mark.body)
                if entry is not None:
                    self._marked.add(key_of(entry))
            self._unsealed[day] = digests
        return days

    async def _read_seals(self) -> Seal | None:
        before = await self._seal_before()
        number, digest = (before.number, before.digest) if before else (0, FIRST_DIGEST)
        last = before
        async for document in self._scan(SEALS_PARTITION, SEAL_PREFIX, after=seal_key(number)):
            seal = _seal_of(document)
            if seal is None:
                self._found(Wrong.SEAL_ALTERED, f"seal {document.key.removeprefix(SEAL_PREFIX)}")
                continue
            for missing in range(number + 1, seal.number):
                self._found(Wrong.SEAL_REMOVED, f"seal {missing}")
            if not is_intact(seal):
                self._found(Wrong.SEAL_ALTERED, f"seal {seal.number}")
            elif seal.number == number + 1 and seal.before != digest:
                self._found(Wrong.CHAIN_BROKEN, f"seal {seal.number}")
            await self._compare_page(seal)
            number, digest, last = seal.number, seal.digest, seal
            self._seals += 1
        await self._compare_expected(number)
        return last

    async def _compare_expected(self, number: int) -> None:
        head = await Seals(self.store).head()
        for missing in range(number + 1, head.number + 1):
            if await self._seal(missing) is None:
                self._found(Wrong.SEAL_REMOVED, f"seal {missing}")
        for logged, digest in self.expected.items():
            seal = await self._seal(logged)
            if seal is None:
                self._found(Wrong.SEAL_REMOVED, f"seal {logged}")
            elif seal.digest != digest:
                self._found(Wrong.CHAIN_BROKEN, f"seal {logged}")

    async def _compare_page(self, seal: Seal) -> None:
        if seal.day < self._first_day:
            return  # the day is older than the check, or Hasten has deleted it
        left = self._unsealed.setdefault(seal.day, {})
        page = await self.store.get(HISTORY_COLLECTION, SEALS_PARTITION, page_key(seal.number))
        lines = _lines(page) if page is not None else ()
        keys, bodies = [key for key, _ in lines], [body for _, body in lines]
        if digest_of_all(keys, bodies) != seal.entries or len(keys) != seal.count:
            self._found(Wrong.SEAL_ALTERED, f"seal {seal.number}", "its entries")
        for key, body in lines:
            await self._compare(seal.day, key, body, left.pop(key, None))

    async def _compare(self, day: str, key: str, body: Json, found: str | None) -> None:
        if found is None:
            document = await self.store.get(HISTORY_COLLECTION, day_partition(day), AT_PREFIX + key)
            found = _digest(document) if document else None
        if found is None:
            self._found(Wrong.REMOVED, f"day {day}", key, body)
        elif found != digest_of(body):
            self._found(Wrong.ALTERED, f"day {day}", key, body)

    async def _inserted(self, day: str, key: str) -> None:
        document = await self.store.get(HISTORY_COLLECTION, day_partition(day), AT_PREFIX + key)
        if document is not None:
            self._found(Wrong.INSERTED, f"day {day}", key, document.body)

    async def _read_indexes(self) -> None:
        await side_by_side(self._compare_index, sorted(self._indexed), INDEXES_AT_ONCE)

    async def _compare_index(self, partition: str) -> None:
        expected = self._indexed[partition]
        oldest = end_key(self.since) if self.since else ""
        async for document in self._scan(partition):
            if oldest and document.key > oldest:
                break
            digest = expected.pop(document.key, None)
            if digest is None:
                await self._compare_unexpected(partition, document)
            elif digest != _digest(document):
                self._found(Wrong.ALTERED, partition, document.key, document.body)
        for key in sorted(expected.keys() - self._marked):
            self._found(Wrong.REMOVED, partition, key)

    async def _compare_unexpected(self, partition: str, document: Document) -> None:
        """An entry that was written after the days were read is in its day by now."""
        entry = _entry(document.body)
        day = day_partition(day_of(entry.at)) if entry else ""
        known = None
        if entry is not None:
            known = await self.store.get(HISTORY_COLLECTION, day, AT_PREFIX + document.key)
        if known is None or _digest(known) != _digest(document):
            self._found(Wrong.INSERTED, partition, document.key, document.body)

    async def _seal_before(self) -> Seal | None:
        """Returns the last seal that was made before `since`, or None to begin with the first seal.
        Among a million seals this takes at most twenty reads."""
        if self.since is None:
            return None
        low, high = 0, (await Seals(self.store).head()).number
        before: Seal | None = None
        while low < high:
            middle = (low + high + 1) // 2
            seal = await self._seal(middle)
            if seal is not None and seal.at < self.since:
                low, before = middle, seal
            else:
                high = middle - 1
        return before

    async def _seal(self, number: int) -> Seal | None:
        document = await self.store.get(HISTORY_COLLECTION, SEALS_PARTITION, seal_key(number))
        return _seal_of(document) if document else None

    async def _scan(
        self, partition: str, prefix: str = "", after: str = ""
    ) -> AsyncIterator[Document]:
        while True:
            some = await self.store.scan(
                HISTORY_COLLECTION, partition, prefix, ENTRIES_PER_READ, after=after
            )
            for document in some:
                yield document
            if len(some) < ENTRIES_PER_READ:
                return
            after = some[-1].key

    def _found(self, wrong: Wrong, where: str, key: str = "", body: Json | None = None) -> None:
        entry = _entry(body) if body is not None else None
        self._findings.append(HistoryFinding(wrong=wrong, where=where, key=key, entry=entry))


def _entry(body: Json) -> Entry | None:
    """Returns None for an entry that cannot be read: its digest is that of no seal."""
    return _readable(parse, body)


def _digest(document: Document) -> str:
    return _readable(digest_of, document.body) or UNREADABLE


def _lines(page: Document) -> Sequence[tuple[str, Json]]:
    return _readable(lines_of, page) or ()


def _seal_of(document: Document) -> Seal | None:
    return _readable(seal_of, document)


def _readable(read: Callable[[A], T], given: A) -> T | None:
    try:
        return read(given)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None

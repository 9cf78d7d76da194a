"""Stores the history: appends entries, and reads them newest first without a scan of it all."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from hasten.domain.history import Entry, Filter
from hasten.ports.clock import Now
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.first_times import with_first_times
from hasten.records.history_days import list_old, listed, recent_days
from hasten.records.history_keys import (
    AT_PREFIX,
    HISTORY_COLLECTION,
    NEW_PREFIX,
    day_of,
    day_partition,
    first_key,
    index_of,
    key_of,
    parse,
    puts_of,
    time_of,
)
from hasten.records.missing import put_missing

ENTRIES_PER_PAGE = 1_000
"""Entries that `every` reads at a time. The limit of calls allows 150 people a minute: of the last
minutes, more than one page is rare."""

MAX_ENTRIES_READ = 2_000
"""Entries that one page reads at most to find those that match."""

ENTRIES_PER_READ = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first. `before` asks for the next page; it is None at the end. A page may be
    short, or empty, although more follow: then few of the entries that were read match."""

    entries: Sequence[Entry]
    before: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Entries are never changed. `Seals` chains them and fills the indexes of people and groups."""

    store: Store
    now: Now

    async def append(self, entries: Sequence[Entry]) -> None:
        """Writes the entries that are not there yet: one request for up to 50 entries of a day.
        Raises TemporaryError and PermanentError of the store."""
        by_day: dict[str, dict[str, Entry]] = defaultdict(dict)
        for entry in entries:
            by_day[day_of(entry.at)][key_of(entry)] = entry
        for day, of_day in by_day.items():
            await list_old(self.store, day, self.now())
            puts = [puts_of(entry) for entry in of_day.values()]
            await put_missing(self.store, HISTORY_COLLECTION, day_partition(day), puts)

    async def append_once(self, entries: Sequence[Entry]) -> None:
        """Appends entries whose time is not the same when they are written again after a crash: an
        id gets the time at which it was first passed here. Raises the same errors."""
        if entries:
            await self.append(await with_first_times(self.store, entries))

    async def newest(
        self, limit: int, *, before: str | None = None, matches: Filter | None = None
    ) -> Page:
        """Returns at most `limit` entries that match, newest first. `before` is that of the page
        before. Raises ValueError if `before` comes from no page or `limit` is not positive, and
        TemporaryError of the store."""
        matches = matches or Filter()
        if limit < 1:
            raise ValueError(f"{limit} is no number of entries")
        if before is not None:
            time_of(before)
        start = max(before or "", first_key(matches.until) if matches.until else "")
        found: list[Entry] = []
        read = 0
        async for entry in self._read(start, matches, limit):
            if matches.since is not None and entry.at < matches.since:
                return Page(found, None)
            read += 1
            if matches.matches(entry):
                found.append(entry)
            if len(found) == limit or read == MAX_ENTRIES_READ:
                return Page(found, key_of(entry))
        return Page(found, None)

    async def every(self, matches: Filter) -> AsyncIterator[Entry]:
        """Yields the entries that match, newest first. Raises TemporaryError and PermanentError of
        the store."""
        before: str | None = None
        while True:
            page = await self.newest(ENTRIES_PER_PAGE, before=before, matches=matches)
            for entry in page.entries:
                yield entry
            before = page.before
            if before is None:
                return

    async def days(self) -> Sequence[str]:
        """Returns the days that may have entries, newest first."""
        known = {*recent_days(self.now()), *await listed(self.store)}
        return sorted(known, reverse=True)

    async def unsealed(self, day: str) -> Sequence[Entry]:
        """Returns the entries of a day that are not sealed yet, oldest first."""
        place = (HISTORY_COLLECTION, day_partition(day))
        return await reading.scanned(self.store, *place, _entry, NEW_PREFIX)

    def _read(self, start: str, matches: Filter, limit: int) -> AsyncIterator[Entry]:
        index = index_of(matches)
        return self._indexed(index, start, matches, limit) if index else self._by_day(start, limit)

    async def _by_day(self, start: str, limit: int) -> AsyncIterator[Entry]:
        first = day_of(time_of(start)) if start else None
        for day in await self.days():
            if first is None or day <= first:
                async for entry in self._entries(day_partition(day), AT_PREFIX, start, limit):
                    yield entry

    async def _indexed(
        self, index: str, start: str, matches: Filter, limit: int
    ) -> AsyncIterator[Entry]:
        """Reads an index, and first the entries that are not sealed and may not be in it yet."""
        fresh = {
            key_of(entry): entry
            for day in recent_days(self.now())
            for entry in await self.unsealed(day)
            if matches.matches(entry) and key_of(entry) > start
        }
        async for entry in self._entries(index, "", start, limit):
            for key in sorted(key for key in fresh if key < key_of(entry)):
                yield fresh.pop(key)
            fresh.pop(key_of(entry), None)
            yield entry
        for _, entry in sorted(fresh.items()):
            yield entry

    async def _entries(
        self, partition: str, prefix: str, start: str, limit: int
    ) -> AsyncIterator[Entry]:
        """Reads a partition in requests that grow: most pages need no more than the first."""
        after, size = (prefix + start if start else ""), limit
        while True:
            documents = await self.store.scan(
                HISTORY_COLLECTION, partition, prefix, size, after=after
            )
            place = (HISTORY_COLLECTION, partition, documents)
            for _, entry in await reading.readable(self.store, *place, _entry):
                yield entry
            if len(documents) < size:
                return
            after, size = documents[-1].key, max(limit, ENTRIES_PER_READ)


def _entry(document: Document) -> Entry:
    return parse(document.body)

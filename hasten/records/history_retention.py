"""Deletes whole days of the history. Their seals stay, without the copies of the entries, so that
the chain goes on."""

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from hasten.domain.history import Entry
from hasten.ports.store import MAX_WRITES, Delete, Document, Store
from hasten.records import reading
from hasten.records.commits import commit_all
from hasten.records.history_days import listed, unlist
from hasten.records.history_keys import (
    AT_PREFIX,
    HISTORY_COLLECTION,
    SEALS_PARTITION,
    day_of,
    day_partition,
    end_key,
    index_partitions,
    parse,
)
from hasten.records.history_seals import PAGE_PREFIX, lines_of

ENTRIES_PER_READ = 500


async def old_days(store: Store, before: datetime) -> Sequence[str]:
    """Returns the days before that of `before`, oldest first."""
    return sorted(day for day in await listed(store) if day < day_of(before))


async def forget(store: Store, day: str, before: datetime) -> int:
    """Deletes the entries of a day, and what the people and groups in it have in their indexes from
    before the day of `before`. Returns how many entries. After a crash the next run deletes the
    rest: the day leaves the list last.

    Raises TemporaryError and PermanentError of the store.
    """
    oldest_kept = end_key(before.replace(hour=0, minute=0, second=0, microsecond=0))
    entries = 0
    while documents := await store.scan(
        HISTORY_COLLECTION, day_partition(day), "", ENTRIES_PER_READ
    ):
        of_entries = [document for document in documents if document.key.startswith(AT_PREFIX)]
        place = (HISTORY_COLLECTION, day_partition(day), of_entries)
        read = [entry for _, entry in await reading.readable(store, *place, _entry)]
        for partition in {p for entry in read for p in index_partitions(entry)}:
            await _delete_after(store, partition, oldest_kept)
        await _delete(store, day_partition(day), documents)
        entries += len(of_entries)
    await unlist(store, day)
    return entries


async def forget_pages(store: Store, before: datetime) -> int:
    """Deletes the copies in the first seals, up to one whose day is kept. The copy of an entry that
    was written late waits for those before it, and one that cannot be read stays. Returns how many
    pages."""
    deleted, after, place = 0, "", (HISTORY_COLLECTION, SEALS_PARTITION)
    while pages := await store.scan(*place, PAGE_PREFIX, MAX_WRITES, after=after):
        read = await reading.readable(store, *place, pages, _day)
        old = [page for page, _ in takewhile(lambda one: one[1] < day_of(before), read)]
        await _delete(store, SEALS_PARTITION, old)
        deleted += len(old)
        if len(old) < len(read) or len(pages) < MAX_WRITES:
            break
        after = pages[-1].key
    return deleted


def _day(page: Document) -> str:
    """Returns the day of the first entry of a seal."""
    _, body = lines_of(page)[0]
    return day_of(parse(body).at)


def _entry(document: Document) -> Entry:
    return parse(document.body)


async def _delete_after(store: Store, partition: str, key: str) -> None:
    while documents := await store.scan(
        HISTORY_COLLECTION, partition, "", ENTRIES_PER_READ, after=key
    ):
        await _delete(store, partition, documents)


async def _delete(store: Store, partition: str, documents: Sequence[Document]) -> None:
    """Raises Conflict if another worker deletes the same: its run goes on."""
    deletes = [Delete(document.key, document.etag) for document in documents]
    await commit_all(store, HISTORY_COLLECTION, partition, deletes)

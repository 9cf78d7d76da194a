"""Stores when a fact was first written, so that a repetition after a crash writes it with the same
time."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.chunks import chunks
from hasten.domain.history import Entry
from hasten.errors import Conflict, TemporaryError
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import commit_unchanged
from hasten.records.fields import moment
from hasten.records.missing import MAX_LOST_RACES

FIRST_TIMES_COLLECTION = "firsttimes"
FIRST_TIMES_PARTITIONS = "0123456789abcdef"
"""An id is hexadecimal, and its first digit names its partition."""

FIRST_TIMES_KEPT_FOR = timedelta(days=8)
"""A message that is repeated later than this counts as a new one. A queue keeps a message for
seven days or less before its last try."""


async def with_first_times(store: Store, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Returns the entries, each with the time at which one with its id was first passed here.
    Raises TemporaryError and PermanentError of the store."""
    times: dict[str, datetime] = {}
    for entry in entries:
        times.setdefault(entry.id, entry.at)
    first = await first_times(store, times)
    return [replace(entry, at=first[entry.id]) for entry in entries]


async def first_times(store: Store, times: Mapping[str, datetime]) -> Mapping[str, datetime]:
    """Returns for each id the time with which it was first passed here. Raises the same errors."""
    by_partition: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for name, at in times.items():
        by_partition[name[0]].append((name, at))
    found = await asyncio.gather(
        *(
            _first(store, partition, some)
            for partition, of_partition in by_partition.items()
            for some in chunks(of_partition, MAX_WRITES)
        )
    )
    return {name: at for known in found for name, at in known.items()}


async def forget(store: Store, before: datetime) -> None:
    """Deletes the times before `before`."""
    for partition in FIRST_TIMES_PARTITIONS:
        documents = await store.scan(FIRST_TIMES_COLLECTION, partition)
        place = (FIRST_TIMES_COLLECTION, partition, documents)
        read = await reading.readable(store, *place, _at)
        deletes = [Delete(document.key, document.etag) for document, at in read if at < before]
        await commit_unchanged(store, FIRST_TIMES_COLLECTION, partition, deletes)


async def _first(
    store: Store, partition: str, times: Collection[tuple[str, datetime]]
) -> Mapping[str, datetime]:
    first = dict(times)
    missing = set(first)
    for _ in range(MAX_LOST_RACES):
        puts = [Put(name, {"at": first[name].isoformat()}) for name in sorted(missing)]
        try:
            await store.commit(FIRST_TIMES_COLLECTION, partition, puts)
        except Conflict:
            known = await asyncio.gather(
                *(store.get(FIRST_TIMES_COLLECTION, partition, name) for name in sorted(missing))
            )
            for document in known:
                if document is not None:
                    place = (FIRST_TIMES_COLLECTION, partition, document)
                    given = first[document.key]
                    first[document.key] = await reading.read_or(store, *place, _at, safe=given)
                    missing.discard(document.key)
            if not missing:
                return first
        else:
            return first
    raise TemporaryError("other workers write the same entries", timedelta(seconds=1))


def _at(document: Document) -> datetime:
    return moment(document.body["at"])

"""Stores the speed of each target and day, folded from the history, so that no view reads the
history for it.

Each document keeps the number of the last seal that is in it. After a crash the same seals are
read again and counted once.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from hasten.domain.history import Entry
from hasten.domain.speed import Day, Direction, Histogram, Step, day_of_entries
from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.history_keys import day_of
from hasten.records.history_seals import Seals

SPEED_COLLECTION = "speed"
CURSOR_PARTITION, CURSOR = "cursor", "cursor"
"""This partition belongs to no target: the partition of a target begins with TARGET_PREFIX."""

TARGET_PREFIX = "target|"
SEALS_AT_ONCE = 20


async def fold(store: Store) -> int:
    """Counts the next entries of the history. Returns how many seals it has read; 0 if there is no
    newer one, or if another worker was faster."""
    document = await store.get(SPEED_COLLECTION, CURSOR_PARTITION, CURSOR)
    place = (SPEED_COLLECTION, CURSOR_PARTITION)
    cursor = await reading.needed(store, *place, document, _number) if document else 0
    pages = await Seals(store).pages(cursor, SEALS_AT_ONCE)
    if not pages:
        return 0
    last = pages[-1][0]
    found: dict[tuple[str, str], list[tuple[int, Entry]]] = defaultdict(list)
    for number, entries in pages:
        for entry in entries:
            if entry.target and entry.action:
                found[entry.target, day_of(entry.at)].append((number, entry))
    try:
        for (target, day), numbered in found.items():
            await _count(store, target, day, numbered, last)
        put = Put(CURSOR, {"number": last}, document.etag if document else None)
        await store.commit(SPEED_COLLECTION, CURSOR_PARTITION, [put])
    except Conflict:
        return 0
    return len(pages)


async def days(store: Store, target: str, since: datetime) -> Mapping[str, Day]:
    """Returns the days of a target that ended changes since then, oldest first, in one request for
    three years."""
    before_first = day_of(since - timedelta(days=1))
    documents = await store.scan(SPEED_COLLECTION, TARGET_PREFIX + target, after=before_first)
    partition = TARGET_PREFIX + target
    found = await reading.readable(store, SPEED_COLLECTION, partition, documents, _day)
    return {document.key: day for document, day in found}


async def forget(store: Store, target: str, before: datetime) -> None:
    """Deletes the days before `before`."""
    documents = await store.scan(SPEED_COLLECTION, TARGET_PREFIX + target)
    for document in documents:
        if document.key < day_of(before):
            await store.commit(
                SPEED_COLLECTION, TARGET_PREFIX + target, [Delete(document.key, document.etag)]
            )


async def _count(
    store: Store, target: str, day: str, numbered: list[tuple[int, Entry]], last: int
) -> None:
    known = await store.get(SPEED_COLLECTION, TARGET_PREFIX + target, day)
    partition = TARGET_PREFIX + target
    stored = (
        (0, Day())
        if known is None
        else await reading.read_or(store, SPEED_COLLECTION, partition, known, _counted, safe=None)
    )
    if stored is None:
        return  # the day stays as it is
    upto, counted = stored
    counted += day_of_entries(entry for number, entry in numbered if number > upto)
    put = Put(day, _body(counted, last), known.etag if known else None)
    if upto < last:
        await store.commit(SPEED_COLLECTION, TARGET_PREFIX + target, [put])


def _body(day: Day, upto: int) -> Json:
    steps = {
        f"{direction}|{step}": {str(bucket): count for bucket, count in histogram.counts.items()}
        for (direction, step), histogram in day.steps.items()
    }
    return {"upto": upto, "steps": steps, "results": dict(day.results)}


def _number(document: Document) -> int:
    return int(document.body["number"])


def _counted(document: Document) -> tuple[int, Day]:
    return int(document.body["upto"]), _day(document)


def _day(document: Document) -> Day:
    body = document.body
    steps = {}
    for name, counts in body["steps"].items():
        direction, _, step = name.partition("|")
        histogram = Histogram({int(bucket): int(count) for bucket, count in counts.items()})
        steps[Direction(direction), Step(step)] = histogram
    return Day(steps, dict(body["results"]))

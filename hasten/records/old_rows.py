"""Deletes old rows. It reads them a page at a time, so that it keeps few of them in memory, however
many there are."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from hasten.ports.store import Delete, Store
from hasten.records import reading
from hasten.records.commits import commit_unchanged
from hasten.records.reading import Parse
from hasten.records.row_mapping import RowMapping

ROWS_PER_READ = 1000
"""Azure Tables returns up to 1,000 entities in one answer."""

T = TypeVar("T")


async def delete_old(
    store: Store,
    mapping: RowMapping[T],
    partition: str,
    key_prefix: str,
    is_old: Callable[[T], bool],
) -> int:
    """Deletes the rows under one key prefix for which `is_old` holds. Returns how many. A row that
    changes meanwhile stays, and so does one that cannot be read. Raises TemporaryError of the
    store."""
    parse = partial(mapping.checked, partition)
    return await _delete_read(store, (mapping.collection, partition), key_prefix, parse, is_old)


async def delete_before(
    store: Store,
    place: tuple[str, str],
    key_prefix: str,
    time_of: Parse[datetime],
    before: datetime,
) -> int:
    """Deletes the documents of a collection and partition whose time is before `before`. Returns
    and raises as `delete_old` does."""
    return await _delete_read(store, place, key_prefix, time_of, lambda time: time < before)


async def _delete_read(
    store: Store,
    place: tuple[str, str],
    key_prefix: str,
    parse: Parse[T],
    is_old: Callable[[T], bool],
) -> int:
    deleted, after = 0, ""
    while documents := await store.scan(*place, key_prefix, ROWS_PER_READ, after=after):
        rows = await reading.readable(store, *place, documents, parse)
        deletes = [Delete(document.key, document.etag) for document, row in rows if is_old(row)]
        deleted += await commit_unchanged(store, *place, deletes)
        after = documents[-1].key
    return deleted

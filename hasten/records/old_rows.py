"""Deletes old rows. It reads them a page at a time, so that it keeps few of them in memory, however
many there are."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from hasten.ports.store import Delete, Store
from hasten.records import reading
from hasten.records.commits import commit_unchanged
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
    place, parse = (mapping.collection, partition), partial(mapping.checked, partition)
    deleted, after = 0, ""
    while documents := await store.scan(*place, key_prefix, ROWS_PER_READ, after=after):
        rows = await reading.readable(store, *place, documents, parse)
        deletes = [Delete(document.key, document.etag) for document, row in rows if is_old(row)]
        deleted += await commit_unchanged(store, *place, deletes)
        after = documents[-1].key
    return deleted

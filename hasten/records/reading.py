"""Reads documents as records, one by one, so that a document that cannot be read hurts no other."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hasten.ports.store import Document, Store
from hasten.records import unreadable
from hasten.records.fields import check_types
from hasten.records.unreadable import UnreadableRow, UnreadableRowError

T = TypeVar("T")
D = TypeVar("D")

Parse = Callable[[Document], T]
"""Turns a document into a record. Any exception means that the document cannot be read."""


def parsed(
    collection: str, partition: str, document: Document, parse: Parse[T]
) -> T | UnreadableRow:
    """Returns the record, or why it cannot be read."""
    try:
        record = parse(document)
        check_types(record)
    except Exception as error:  # noqa: BLE001 - `parse` looks at the document and nothing else
        return unreadable.unreadable(collection, partition, document, error)
    return record


async def readable(
    store: Store, collection: str, partition: str, documents: Sequence[Document], parse: Parse[T]
) -> list[tuple[Document, T]]:
    """Returns the documents that can be read, each with its record, and notes the others. Raises
    TemporaryError of the store."""
    found: list[tuple[Document, T]] = []
    bad: list[UnreadableRow] = []
    for document in documents:
        record = parsed(collection, partition, document, parse)
        if isinstance(record, UnreadableRow):
            bad.append(record)
        else:
            found.append((document, record))
    await unreadable.note(store, bad)
    return found


async def scanned(
    store: Store, collection: str, partition: str, parse: Parse[T], prefix: str = ""
) -> list[T]:
    """Returns the records of a partition that can be read, and notes the others. Raises
    TemporaryError of the store."""
    documents = await store.scan(collection, partition, prefix)
    return [record for _, record in await readable(store, collection, partition, documents, parse)]


async def needed(
    store: Store, collection: str, partition: str, document: Document, parse: Parse[T]
) -> T:
    """Returns the record of a document without which the work cannot go on. Raises
    UnreadableRowError after it noted the row, and TemporaryError of the store."""
    record = parsed(collection, partition, document, parse)
    if isinstance(record, UnreadableRow):
        await unreadable.note(store, [record])
        raise UnreadableRowError(record)
    return record


async def read_or(
    store: Store, collection: str, partition: str, document: Document, parse: Parse[T], *, safe: D
) -> T | D:
    """Returns the record, or `safe` after it noted that the record cannot be read. Raises
    TemporaryError of the store."""
    record = parsed(collection, partition, document, parse)
    if isinstance(record, UnreadableRow):
        await unreadable.note(store, [record])
        return safe
    return record

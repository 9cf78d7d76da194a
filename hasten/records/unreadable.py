"""Stores which rows Hasten cannot read: one that was damaged, or that a newer version of Hasten
wrote.

Such a row hurts itself only. Hasten leaves it where it is and goes on with all others. Whoever
reads the row notes it here, so that a timer alerts and `status` and `doctor` show it.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from hasten.domain.redaction import redacted
from hasten.errors import Conflict, PermanentError
from hasten.ports.store import Document, Put, Store
from hasten.records.commits import delete

UNREADABLE_COLLECTION, UNREADABLE_PARTITION = "heartbeats", "unreadable"

MOST_NOTED = 50
"""Maximum number of rows that are noted at a time. Others are noted once these are mended."""

HOW_TO_MEND = (
    "if a newer version of Hasten wrote it, deploy that version; else correct or delete this "
    'entity (docs/operations.md, "A row cannot be read")'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """The place of a row, and why it cannot be read. `etag` is that of the document."""

    collection: str
    partition: str
    key: str
    etag: str
    reason: str

    @property
    def place(self) -> str:
        return f"table hasten{self.collection}, PartitionKey {self.partition}, RowKey {self.key}"


class UnreadableRowError(PermanentError):
    """Something needs a row that cannot be read."""

    def __init__(self, row: UnreadableRow) -> None:
        super().__init__(f"a row cannot be read ({row.reason}): {row.place}", HOW_TO_MEND)
        self.row = row


def unreadable(
    collection: str, partition: str, document: Document, error: Exception
) -> UnreadableRow:
    return UnreadableRow(
        collection=collection,
        partition=partition,
        key=document.key,
        etag=document.etag,
        reason=redacted(f"{type(error).__name__}: {error}"),
    )


async def note(store: Store, rows: Sequence[UnreadableRow]) -> None:
    """Notes the rows that are not noted yet. Raises TemporaryError of the store."""
    if not rows:
        return
    noted = await store.scan(UNREADABLE_COLLECTION, UNREADABLE_PARTITION)
    known = {document.key for document in noted}
    puts = {_key(row): Put(_key(row), asdict(row)) for row in rows if _key(row) not in known}
    some = list(puts.values())[: max(0, MOST_NOTED - len(noted))]
    if some:
        # Another worker notes the same rows, or this identity may only read: the app notes them.
        with suppress(Conflict, PermanentError):
            await store.commit(UNREADABLE_COLLECTION, UNREADABLE_PARTITION, some)


async def load_all(store: Store) -> Sequence[UnreadableRow]:
    """Returns the rows that were noted. Raises TemporaryError."""
    found = await store.scan(UNREADABLE_COLLECTION, UNREADABLE_PARTITION)
    return [row for document in found if (row := _parsed(document)) is not None]


async def is_as_noted(store: Store, row: UnreadableRow) -> bool:
    """Returns whether the row is still there, unchanged. Raises TemporaryError."""
    document = await store.get(row.collection, row.partition, row.key)
    return document is not None and document.etag == row.etag


async def forget(store: Store, row: UnreadableRow) -> None:
    """Forgets a row that has changed or is gone. Raises TemporaryError."""
    await delete(store, UNREADABLE_COLLECTION, UNREADABLE_PARTITION, _key(row))


def _parsed(document: Document) -> UnreadableRow | None:
    """A damaged note is worth nothing: the next read of the row makes another."""
    try:
        return UnreadableRow(**{name: str(text) for name, text in document.body.items()})
    except (TypeError, ValueError):
        return None


def _key(row: UnreadableRow) -> str:
    name = f"{row.collection}|{row.partition}|{row.key}|{row.etag}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]

"""Remembers the rows of a repository as they were last listed or written, so that a row which has
not changed is neither read nor parsed again."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from hasten.ports.store import Document
from hasten.records.row_mapping import RowMapping, Stored

T = TypeVar("T")

Kept = tuple[str, Document, T]
"""Key prefix, document and row."""


class SeenRows(Generic[T]):
    """Rows by partition and name. Those with the last key prefix, the history, are not kept."""

    def __init__(self, mapping: RowMapping[T]) -> None:
        self._mapping = mapping
        self._kept = mapping.key_prefixes[:-1] or mapping.key_prefixes
        self._seen: dict[str, dict[str, Kept[T]]] = {}

    def parsed(self, partition: str) -> Mapping[tuple[str, str], T]:
        """Returns the rows by key and etag of their document."""
        seen = self._seen.get(partition, {})
        return {(document.key, document.etag): row for _, document, row in seen.values()}

    def listed(self, partition: str, key_prefix: str, rows: Sequence[tuple[Document, T]]) -> None:
        """Notes that these are all rows with the key prefix."""
        if key_prefix not in self._kept:
            return
        seen = self._seen.get(partition, {})
        others = {name: kept for name, kept in seen.items() if kept[0] != key_prefix}
        found = {self._mapping.name(row): (key_prefix, document, row) for document, row in rows}
        self._seen[partition] = {**others, **found}

    def first_rows(self, partition: str) -> list[T]:
        """Returns the rows with the first key prefix."""
        first, seen = self._mapping.key_prefixes[0], self._seen.get(partition, {})
        return [row for _, (key_prefix, _, row) in sorted(seen.items()) if key_prefix == first]

    def find(self, row: T) -> Kept[T] | None:
        mapping = self._mapping
        return self._seen.get(mapping.partition(row), {}).get(mapping.name(row))

    def read(self, row: T, stored: Stored[T]) -> None:
        """Updates the row after it was read, if its partition has been listed."""
        mapping, (documents, known) = self._mapping, stored
        seen = self._seen.get(mapping.partition(row))
        if seen is None:
            return
        seen.pop(mapping.name(row), None)
        for key_prefix, document in documents.items():
            if known is not None and key_prefix in self._kept:
                seen[mapping.name(row)] = key_prefix, document, known
            return

    def written(self, partition: str, rows: Sequence[T], put: Mapping[str, Document]) -> None:
        """Updates the rows after a write, if their partition has been listed. `put` holds the
        documents by key; a row that was written aside is not among them under its own key."""
        mapping, seen = self._mapping, self._seen.get(partition)
        if seen is None:
            return
        for row in rows:
            name, key_prefix = mapping.name(row), mapping.key_prefix(row)
            document = put.get(key_prefix + name)
            if document is None:
                continue
            seen.pop(name, None)
            if key_prefix in self._kept:
                seen[name] = key_prefix, document, row

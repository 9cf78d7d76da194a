"""Remembers the rows of a repository as they were last listed or written, so that a row which has
not changed is neither read nor parsed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hasten.ports.store import Document
from hasten.records.row_mapping import RowMapping, Stored

T = TypeVar("T")

Kept = tuple[str, Document, T]
"""Key prefix, document and row."""

MOST_ADDED = 1_000
"""Maximum number of rows that are added to a list after it was read: another process may have ended
them, which only the next list shows. Beyond that the list is forgotten; 1,000 rows take 4 MB."""


@dataclass(slots=True)
class _List(Generic[T]):
    """The rows with one key prefix, by name, and how many were added since they were listed."""

    rows: dict[str, Kept[T]]
    added: int = 0


class SeenRows(Generic[T]):
    """Rows by partition, key prefix and name. A prefix is kept once it was listed. The last one,
    the history, is never kept."""

    def __init__(self, mapping: RowMapping[T]) -> None:
        self._mapping = mapping
        self._kept = mapping.key_prefixes[:-1] or mapping.key_prefixes
        self._seen: dict[str, dict[str, _List[T]]] = {}

    def parsed(self, partition: str) -> Mapping[tuple[str, str], T]:
        """Returns the rows by key and etag of their document."""
        return {
            (document.key, document.etag): row
            for of_prefix in self._lists(partition)
            for _, document, row in of_prefix.rows.values()
        }

    def listed(self, partition: str, key_prefix: str, rows: Sequence[tuple[Document, T]]) -> None:
        """Notes that these are all rows with the key prefix."""
        if key_prefix not in self._kept:
            return
        found = {self._mapping.name(row): (key_prefix, document, row) for document, row in rows}
        self._drop(partition, found)
        self._seen.setdefault(partition, {})[key_prefix] = _List(found)

    def first_rows(self, partition: str) -> list[T]:
        """Returns the rows with the first key prefix."""
        first = self._seen.get(partition, {}).get(self._mapping.key_prefixes[0])
        return [] if first is None else [row for _, (_, _, row) in sorted(first.rows.items())]

    def find(self, row: T) -> Kept[T] | None:
        name = self._mapping.name(row)
        lists = self._lists(self._mapping.partition(row))
        return next((one.rows[name] for one in lists if name in one.rows), None)

    def read(self, row: T, stored: Stored[T]) -> None:
        """Updates the row after it was read."""
        (documents, known), partition = stored, self._mapping.partition(row)
        found = next(iter(documents.items()), None)
        if known is None or found is None:
            self._drop(partition, [self._mapping.name(row)])
        else:
            self._update(partition, self._mapping.name(row), (*found, known))

    def written(self, partition: str, rows: Sequence[T], put: Mapping[str, Document]) -> None:
        """Updates the rows after a write. `put` holds the documents by key; a row that was written
        aside is not among them under its own key."""
        for row in rows:
            name, key_prefix = self._mapping.name(row), self._mapping.key_prefix(row)
            document = put.get(key_prefix + name)
            if document is not None:
                self._update(partition, name, (key_prefix, document, row))

    def _lists(self, partition: str) -> Sequence[_List[T]]:
        return list(self._seen.get(partition, {}).values())

    def _drop(self, partition: str, names: Sequence[str] | Mapping[str, Kept[T]]) -> None:
        for one in self._lists(partition):
            for name in names:
                one.rows.pop(name, None)

    def _update(self, partition: str, name: str, kept: Kept[T]) -> None:
        lists = self._seen.get(partition, {})
        to = lists.get(kept[0])
        is_added = to is not None and name not in to.rows
        self._drop(partition, [name])
        if to is None:
            return
        to.rows[name] = kept
        to.added += is_added
        if to.added > MOST_ADDED:
            del lists[kept[0]]

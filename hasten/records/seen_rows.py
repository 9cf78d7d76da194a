"""Remembers the rows of a repository as they were last listed or written, so that a row which has
not changed is neither read nor parsed again.

The repositories of a process live as long as the process, and other processes end the rows that
this one wrote. So they remember a row only while the work that listed or wrote it still holds it. A
worker that has a repository of its own remembers all rows that it listed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from hasten.ports.store import Document
from hasten.records.row_mapping import RowMapping, Stored
from hasten.records.while_held import Kept, WhileHeld

T = TypeVar("T")


class _Rows(Protocol[T]):
    """The rows with one key prefix, by name."""

    def get(self, name: str, /) -> Kept[T] | None: ...

    def values(self) -> Iterable[Kept[T]]: ...

    def pop(self, name: str, default: None, /) -> object: ...

    def __setitem__(self, name: str, kept: Kept[T], /) -> None: ...


class SeenRows(Generic[T]):
    """Rows by partition, key prefix and name. A prefix is kept once it was listed. The last one,
    the history, is never kept. `keeps_all`: rows are remembered although nobody else holds them."""

    def __init__(self, mapping: RowMapping[T], *, keeps_all: bool) -> None:
        self._mapping = mapping
        self._kept = mapping.key_prefixes[:-1] or mapping.key_prefixes
        self._new_list: Callable[[], _Rows[T]] = dict if keeps_all else WhileHeld
        self._seen: dict[str, dict[str, _Rows[T]]] = {}

    def parsed(self, partition: str) -> Mapping[tuple[str, str], T]:
        """Returns the rows by key and etag of their document."""
        return {
            (document.key, document.etag): row
            for of_prefix in self._lists(partition)
            for _, document, row in of_prefix.values()
        }

    def listed(self, partition: str, key_prefix: str, rows: Sequence[tuple[Document, T]]) -> None:
        """Notes that these are all rows with the key prefix."""
        if key_prefix not in self._kept:
            return
        names = [self._mapping.name(row) for _, row in rows]
        self._drop(partition, names)
        found = self._new_list()
        for name, (document, row) in zip(names, rows, strict=True):
            found[name] = (key_prefix, document, row)
        self._seen.setdefault(partition, {})[key_prefix] = found

    def first_rows(self, partition: str) -> list[T]:
        """Returns the rows with the first key prefix."""
        first = self._seen.get(partition, {}).get(self._mapping.key_prefixes[0])
        rows = [] if first is None else [row for _, _, row in first.values()]
        return sorted(rows, key=self._mapping.name)

    def find(self, row: T) -> Kept[T] | None:
        name = self._mapping.name(row)
        kept = (of_prefix.get(name) for of_prefix in self._lists(self._mapping.partition(row)))
        return next((one for one in kept if one is not None), None)

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

    def _lists(self, partition: str) -> Sequence[_Rows[T]]:
        return list(self._seen.get(partition, {}).values())

    def _drop(self, partition: str, names: Sequence[str]) -> None:
        for of_prefix in self._lists(partition):
            for name in names:
                of_prefix.pop(name, None)

    def _update(self, partition: str, name: str, kept: Kept[T]) -> None:
        self._drop(partition, [name])
        to = self._seen.get(partition, {}).get(kept[0])
        if to is not None:
            to[name] = kept

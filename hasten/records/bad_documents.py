"""Remembers the documents that a repository could not read: nothing may be written over them."""

from collections.abc import Mapping

from hasten.ports.store import Document, Store
from hasten.records import unreadable
from hasten.records.unreadable import UnreadableRow


class BadDocuments:
    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], UnreadableRow] = {}
        """By partition, key and etag."""

        self._unnoted: list[UnreadableRow] = []

    def add(self, row: UnreadableRow) -> None:
        place = (row.partition, row.key, row.etag)
        if place not in self._known:
            self._known[place] = row
            self._unnoted.append(row)

    def among(self, partition: str, documents: Mapping[str, Document]) -> UnreadableRow | None:
        """Returns the first of the documents that cannot be read."""
        found = (self._known.get((partition, d.key, d.etag)) for d in documents.values())
        return next((bad for bad in found if bad is not None), None)

    def without(self, partition: str, documents: Mapping[str, Document]) -> dict[str, Document]:
        """Returns the documents that can be read."""
        return {
            prefix: document
            for prefix, document in documents.items()
            if (partition, document.key, document.etag) not in self._known
        }

    async def note(self, store: Store) -> None:
        """Notes the documents that this process has not noted yet. Raises TemporaryError."""
        if self._unnoted:
            unnoted, self._unnoted = self._unnoted, []
            await unreadable.note(store, unnoted)

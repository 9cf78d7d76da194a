"""A store in memory. It keeps bodies as JSON text, as the real ones do."""

import itertools
import json
from collections.abc import Sequence

from hasten.adapters.store.rules import check_commit, check_names, encoded
from hasten.errors import Conflict
from hasten.ports.store import Delete, Document, Write


class MemoryStore:
    def __init__(self) -> None:
        self._documents: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._etags = itertools.count()

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_names(collection, partition, key)
        name = (collection, partition, key)
        return self._document(name) if name in self._documents else None

    async def scan(
        self, collection: str, partition: str, prefix: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        check_names(collection, partition)
        found = sorted(
            name
            for name in self._documents
            if name[1] == partition and name[0] == collection and name[2].startswith(prefix)
        )
        return [self._document(name) for name in found[:limit]]

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        check_commit(collection, partition, writes)
        for write in writes:
            _, etag = self._documents.get((collection, partition, write.key), ("", None))
            if etag != write.etag:
                raise Conflict(write.key)
        made: list[str | None] = []
        for write in writes:
            name = (collection, partition, write.key)
            if isinstance(write, Delete):
                del self._documents[name]
                made.append(None)
            else:
                etag = f"etag-{next(self._etags)}"
                self._documents[name] = (encoded(write.body), etag)
                made.append(etag)
        return made

    def _document(self, name: tuple[str, str, str]) -> Document:
        text, etag = self._documents[name]
        return Document(name[2], json.loads(text), etag)

    async def close(self) -> None:
        return None

"""A store in memory. It keeps bodies as JSON text, as the real ones do."""

import itertools
import json
from collections.abc import Sequence

from hasten.adapters.store.rules import check_commit, check_names, encoded
from hasten.ports.store import Conflict, Delete, Document, Write


class MemoryStore:
    def __init__(self) -> None:
        self._documents: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._etags = itertools.count()

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_names(collection, partition, key)
        found = self._documents.get((collection, partition, key))
        return Document(key, json.loads(found[0]), found[1]) if found else None

    async def scan(
        self, collection: str, partition: str, prefix: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        check_names(collection, partition)
        found = [
            Document(name[2], json.loads(text), etag)
            for name, (text, etag) in sorted(self._documents.items())
            if name[:2] == (collection, partition) and name[2].startswith(prefix)
        ]
        return found[:limit]

    async def commit(self, collection: str, partition: str, writes: Sequence[Write]) -> None:
        check_commit(collection, partition, writes)
        for write in writes:
            _, etag = self._documents.get((collection, partition, write.key), ("", None))
            if etag != write.etag:
                raise Conflict(write.key)
        for write in writes:
            name = (collection, partition, write.key)
            if isinstance(write, Delete):
                del self._documents[name]
            else:
                self._documents[name] = (encoded(write.body), f"etag-{next(self._etags)}")

    async def close(self) -> None:
        return None

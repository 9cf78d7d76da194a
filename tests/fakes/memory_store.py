"""A store in memory. It keeps bodies as JSON text, as the real ones do."""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

from hasten.adapters.store.rules import check_commit, check_names, encoded
from hasten.errors import Conflict
from hasten.ports.store import Delete, Document, Write


class MemoryStore:
    def __init__(self) -> None:
        self._partitions: defaultdict[tuple[str, str], dict[str, tuple[str, str]]]
        self._partitions = defaultdict(dict)
        """Text and etag by key, of each partition of each collection."""
        self._etags = itertools.count()
        self.commits = 0

    def texts(self, collection: str = "", partition: str = "") -> Iterator[tuple[str, str, str]]:
        """Yields key, text and etag of each document, for tests that bypass the port."""
        for name, documents in self._partitions.items():
            if collection in {"", name[0]} and partition in {"", name[1]}:
                yield from ((key, text, etag) for key, (text, etag) in documents.items())

    def partitions(self, collection: str) -> list[str]:
        return [partition for of, partition in self._partitions if of == collection]

    def forget(self, collection: str, partition: str, key: str) -> None:
        """Deletes a document without the port, as somebody can who may write to the store."""
        del self._partitions[collection, partition][key]

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_names(collection, partition, key)
        found = self._partitions[collection, partition].get(key)
        return None if found is None else _document(key, *found)

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        check_names(collection, partition)
        documents = self._partitions[collection, partition]
        found = sorted(key for key in documents if key.startswith(prefix) and key > after)
        return [_document(key, *documents[key]) for key in found[:limit]]

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        check_commit(collection, partition, writes)
        documents = self._partitions[collection, partition]
        for write in writes:
            _, etag = documents.get(write.key, ("", None))
            if etag != write.etag:
                raise Conflict(write.key)
        self.commits += 1
        made: list[str | None] = []
        for write in writes:
            if isinstance(write, Delete):
                del documents[write.key]
                made.append(None)
            else:
                etag = f"etag-{next(self._etags)}"
                documents[write.key] = (encoded(write.body), etag)
                made.append(etag)
        return made

    async def close(self) -> None:
        return None


def _document(key: str, text: str, etag: str) -> Document:
    return Document(key, json.loads(text), etag)

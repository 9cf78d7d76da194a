"""A store in memory. It keeps bodies as JSON text, as the real ones do, and hands out bodies that
nobody can change."""

import bisect
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from hasten.adapters.store.rules import check_commit, check_names
from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import Delete, Document, GarbledBody, Write


class MemoryStore:
    def __init__(self) -> None:
        self._partitions: defaultdict[tuple[str, str], dict[str, tuple[str, Document]]]
        self._partitions = defaultdict(dict)
        """Text and document by key, of each partition of each collection."""
        self._keys: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        """The keys of each partition in order."""
        self._etags = itertools.count()
        self.commits = 0
        self.commits_of: Counter[tuple[str, str]] = Counter()
        """The same by collection and partition."""

    def texts(self, collection: str = "", partition: str = "") -> Iterator[tuple[str, str, str]]:
        """Yields key, text and etag of each document, for tests that bypass the port."""
        for name, documents in self._partitions.items():
            if collection in {"", name[0]} and partition in {"", name[1]}:
                yield from (
                    (key, text, document.etag) for key, (text, document) in documents.items()
                )

    def contents(self) -> Iterator[tuple[str, str, str]]:
        """Yields collection, partition and text of each document."""
        for (collection, partition), documents in self._partitions.items():
            yield from ((collection, partition, text) for text, _ in documents.values())

    def partitions(self, collection: str) -> list[str]:
        return [partition for of, partition in self._partitions if of == collection]

    def places(self) -> list[tuple[str, str]]:
        """Returns the collections with their partitions."""
        return list(self._partitions)

    def forget(self, collection: str, partition: str, key: str) -> None:
        """Deletes a document without the port, as somebody can who may write to the store."""
        self._delete(collection, partition, key)

    def plant(self, collection: str, partition: str, key: str, text: str) -> None:
        """Writes any text as a body without the port, as somebody can who may write to the
        store."""
        self._write(collection, partition, key, text)

    def _write(self, collection: str, partition: str, key: str, text: str) -> str:
        documents, etag = self._partitions[collection, partition], f"etag-{next(self._etags)}"
        if key not in documents:
            bisect.insort(self._keys[collection, partition], key)
        documents[key] = text, Document(key, _decoded(text), etag)
        return etag

    def _delete(self, collection: str, partition: str, key: str) -> None:
        del self._partitions[collection, partition][key]
        keys = self._keys[collection, partition]
        del keys[bisect.bisect_left(keys, key)]

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_names(collection, partition, key)
        found = self._partitions[collection, partition].get(key)
        return None if found is None else found[1]

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
        return list(itertools.islice(self.documents(collection, partition, prefix, after), limit))

    def documents(
        self, collection: str, partition: str, prefix: str = "", after: str = ""
    ) -> Iterator[Document]:
        """Yields what a scan finds, for tests that watch between two steps of the loop."""
        documents, keys = self._partitions[collection, partition], self._keys[collection, partition]
        first = max(bisect.bisect_left(keys, prefix), bisect.bisect_right(keys, after))
        following = itertools.islice(keys, first, None)
        found = itertools.takewhile(lambda key: key.startswith(prefix), following)
        return (documents[key][1] for key in found)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        texts = check_commit(collection, partition, writes)
        documents = self._partitions[collection, partition]
        for write in writes:
            before = documents.get(write.key)
            if (before[1].etag if before else None) != write.etag:
                raise Conflict(write.key)
        self.commits += 1
        self.commits_of[collection, partition] += 1
        made: list[str | None] = []
        for write in writes:
            if isinstance(write, Delete):
                self._delete(collection, partition, write.key)
                made.append(None)
            else:
                made.append(self._write(collection, partition, write.key, texts[write.key]))
        return made

    async def close(self) -> None:
        return None


class _Body(dict[str, Any]):
    """The body of a document. It is handed out many times and so must not change."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the body of a document is not changed: make a new one")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = clear = setdefault = _refuse


def _decoded(text: str) -> Json:
    try:
        body = json.loads(text, object_hook=_Body)
    except ValueError:
        return GarbledBody()
    return body if isinstance(body, _Body) else GarbledBody()

"""Defines durable documents with optimistic concurrency, which hold the ledger, the cursors and the
records of targets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from hasten.json import Json

MAX_WRITES = 100
"""Maximum number of writes in one atomic `commit` (an entity group transaction of Azure Tables
takes 100)."""


class GarbledBody(Mapping[str, Any]):
    """Takes the place of a body that is not a JSON object. The read of one document does not fail
    then, but whoever uses the body gets a ValueError. It equals no other body."""

    def __getitem__(self, _: str) -> NoReturn:
        raise ValueError("the body is not a JSON object")

    def __iter__(self) -> Iterator[str]:
        raise ValueError("the body is not a JSON object")

    def __len__(self) -> int:
        raise ValueError("the body is not a JSON object")

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Document:
    """`body` is a GarbledBody if what is stored is not a JSON object."""

    key: str
    body: Json
    etag: str


@dataclass(frozen=True, slots=True)
class Put:
    """Writes `body`. Without `etag` the key must not exist yet; with one it must be unchanged."""

    key: str
    body: Json
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    key: str
    etag: str


Write = Put | Delete


class Store(Protocol):
    """Collections of partitions of documents. A `commit` in one partition is atomic.

    Every method raises TemporaryError if another try may help, and PermanentError if an operator
    must act, for example because the identity lacks its role.

    Collection names match `[a-z][a-z]{2,40}`. Partition names and keys are 1 to 256 characters
    without control characters and none of `/ \\ # ?` (the rule of Azure Tables); anything else
    raises ValueError. A body is at most 256 KiB of JSON, else ValueError.
    """

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        """Returns the document, or None if the partition has no document with this key."""
        ...

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        """Returns the documents whose key begins with `prefix` and comes after `after`, in key
        order (code points); the first `limit` of them, or all."""
        ...

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        """Writes all of `writes` or none. Returns the new etag of each write, None for a Delete.

        Raises ValueError for more than MAX_WRITES writes, or two with one key. Raises Conflict if
        a Put without etag finds the key, or if a Put or Delete with etag finds another etag or no
        document.
        """
        ...

    async def close(self) -> None: ...

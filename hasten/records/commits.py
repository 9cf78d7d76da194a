"""Writes a document unless somebody else did meanwhile, and writes many of one partition."""

from collections.abc import Sequence

from hasten.chunks import chunks
from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store, Write


async def try_commit(
    store: Store, collection: str, partition: str, writes: Sequence[Write]
) -> bool:
    """Returns False, and writes nothing, if somebody else wrote or deleted one of the documents
    meanwhile. Raises TemporaryError and PermanentError of the store."""
    try:
        await store.commit(collection, partition, writes)
    except Conflict:
        return False
    return True


async def write(
    store: Store, collection: str, partition: str, key: str, body: Json, *, over: Document | None
) -> bool:
    """Writes `body` over the document that the caller has read; None if nothing was there. Returns
    and raises as `try_commit` does."""
    put = Put(key, body, over.etag if over else None)
    return await try_commit(store, collection, partition, [put])


async def delete(store: Store, collection: str, partition: str, key: str) -> None:
    """Deletes the document, unless somebody else writes or deletes it at the same moment. Raises
    TemporaryError and PermanentError of the store."""
    document = await store.get(collection, partition, key)
    if document is not None:
        await try_commit(store, collection, partition, [Delete(key, document.etag)])


async def commit_all(
    store: Store, collection: str, partition: str, writes: Sequence[Write]
) -> list[str | None]:
    """Returns the new etag of each write, None for a Delete. Raises Conflict at the first commit
    that finds a document that somebody else wrote, and TemporaryError and PermanentError of the
    store: the commits before it stay."""
    etags: list[str | None] = []
    for some in chunks(writes, MAX_WRITES):
        etags += await store.commit(collection, partition, some)
    return etags


async def commit_unchanged(
    store: Store, collection: str, partition: str, writes: Sequence[Write]
) -> int:
    """Makes the writes without those of documents that somebody else
    wrote or deleted meanwhile. Returns how many. Raises TemporaryError of the store."""
    made = 0
    for some in chunks(writes, MAX_WRITES):
        try:
            made += len(await store.commit(collection, partition, some))
        except Conflict:
            for one in some:
                made += await try_commit(store, collection, partition, [one])
    return made

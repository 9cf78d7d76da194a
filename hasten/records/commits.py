"""Writes many documents of a partition, MAX_WRITES in one commit."""

from collections.abc import Sequence

from hasten.chunks import chunks
from hasten.errors import Conflict
from hasten.ports.store import MAX_WRITES, Store, Write


async def commit_all(
    store: Store, collection: str, partition: str, writes: Sequence[Write]
) -> None:
    """Raises Conflict at the first commit that finds a document that somebody else wrote, and
    TemporaryError and PermanentError of the store: the commits before it stay."""
    for some in chunks(writes, MAX_WRITES):
        await store.commit(collection, partition, some)


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
            for write in some:
                made += await _committed(store, collection, partition, write)
    return made


async def _committed(store: Store, collection: str, partition: str, write: Write) -> bool:
    try:
        await store.commit(collection, partition, [write])
    except Conflict:
        return False
    return True

"""Writes many documents of a partition, each of them only if nobody changed it meanwhile."""

from collections.abc import Sequence

from hasten.errors import Conflict
from hasten.ports.store import MAX_WRITES, Store, Write


async def commit_unchanged(
    store: Store, collection: str, partition: str, writes: Sequence[Write]
) -> int:
    """Makes the writes, MAX_WRITES in one request, without those of documents that somebody else
    wrote or deleted meanwhile. Returns how many. Raises TemporaryError of the store."""
    made = 0
    for start in range(0, len(writes), MAX_WRITES):
        some = writes[start : start + MAX_WRITES]
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

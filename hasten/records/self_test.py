"""Checks that the store keeps what is written to it."""

from hasten.ports.store import Delete, Put, Store

COLLECTION, PARTITION = "doctor", "probe"


async def round_trip(store: Store, key: str) -> bool:
    """Writes a document, reads it and deletes it. Returns False when the document could not be
    read."""
    await store.commit(COLLECTION, PARTITION, [Put(key, {})])
    document = await store.get(COLLECTION, PARTITION, key)
    if document is None:
        return False
    await store.commit(COLLECTION, PARTITION, [Delete(key, document.etag)])
    return True

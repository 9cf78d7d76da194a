"""Checks that the store keeps what is written to it."""

from hasten.ports.store import Delete, Put, Store

SELF_TEST_COLLECTION, SELF_TEST_PARTITION = "doctor", "probe"


async def round_trip(store: Store, key: str) -> bool:
    """Writes a document, reads it and deletes it. Returns False when the document could not be
    read."""
    await store.commit(SELF_TEST_COLLECTION, SELF_TEST_PARTITION, [Put(key, {})])
    document = await store.get(SELF_TEST_COLLECTION, SELF_TEST_PARTITION, key)
    if document is None:
        return False
    await store.commit(SELF_TEST_COLLECTION, SELF_TEST_PARTITION, [Delete(key, document.etag)])
    return True

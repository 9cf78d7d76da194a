"""Copies or moves documents from the partition of a target to that of the one that takes its
place."""

from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import commit_unchanged


async def copy_documents(store: Store, collection: str, partition: str, to: str) -> list[Document]:
    """Copies the documents that can be read and that do not name their target. One that is there
    already stays. Returns those that are in both places now. Raises TemporaryError and
    PermanentError of the store."""
    documents = await store.scan(collection, partition)
    if not documents:
        return []
    there = {document.key for document in await store.scan(collection, to)}
    read = await reading.readable(store, collection, partition, documents, _body)
    puts = [Put(one.key, body) for one, body in read if one.key not in there]
    await commit_unchanged(store, collection, to, puts)
    return [one for one, _ in read]


async def move_documents(store: Store, collection: str, partition: str, to: str) -> None:
    """Does what `copy_documents` does, and then deletes the documents. Raises the same errors."""
    copied = await copy_documents(store, collection, partition, to)
    deletes = [Delete(one.key, one.etag) for one in copied]
    await commit_unchanged(store, collection, partition, deletes)


def _body(document: Document) -> dict[str, object]:
    return dict(document.body)

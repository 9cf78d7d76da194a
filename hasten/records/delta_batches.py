"""Stores the batches of reconcile. A batch has up to 50 watched groups that share one delta
link."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store, Write

COLLECTION = "cursors"
PARTITION = "batches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    key: str
    groups: Sequence[str]
    link: str
    etag: str | None = None

    def moved(self, link: str) -> "Batch":
        return replace(self, link=link)


def split(groups: Collection[str]) -> Sequence[Sequence[str]]:
    ordered = sorted(groups)
    starts = range(0, len(ordered), MAX_GROUPS_PER_DELTA)
    return [ordered[start : start + MAX_GROUPS_PER_DELTA] for start in starts]


def key(number: int) -> str:
    return f"{number:05}"


async def load_all(store: Store) -> Sequence[Batch]:
    return [_batch(document) for document in await store.scan(COLLECTION, PARTITION)]


async def save(store: Store, batch: Batch) -> None:
    """Saves the batch. Raises Conflict when another instance moved it first."""
    await store.commit(COLLECTION, PARTITION, [_put(batch, batch.etag)])


async def replace_all(store: Store, old: Sequence[Batch], new: Sequence[Batch]) -> None:
    """Replaces the batches `old` by `new`. Raises Conflict when another instance changed one
    meanwhile.

    After a crash between two commits the stored groups differ from the watched ones, so the next
    reconcile groups them again.
    """
    etags = {batch.key: batch.etag for batch in old}
    gone = etags.keys() - {batch.key for batch in new}
    writes: list[Write] = [_put(batch, etags.get(batch.key)) for batch in new]
    writes += [Delete(batch.key, str(batch.etag)) for batch in old if batch.key in gone]
    for start in range(0, len(writes), MAX_WRITES):
        await store.commit(COLLECTION, PARTITION, writes[start : start + MAX_WRITES])


def _put(batch: Batch, etag: str | None) -> Put:
    return Put(batch.key, {"groups": list(batch.groups), "link": batch.link}, etag)


def _batch(document: Document) -> Batch:
    body = document.body
    return Batch(
        key=document.key,
        groups=tuple(body["groups"]),
        link=str(body["link"]),
        etag=document.etag,
    )

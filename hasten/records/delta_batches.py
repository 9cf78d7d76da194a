"""Stores the batches of reconcile. A batch has up to 50 watched groups that share one delta
link."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.chunks import chunks
from hasten.domain.long_ago import LONG_AGO
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.store import Delete, Document, Put, Store, Write
from hasten.records import reading
from hasten.records.commits import commit_all
from hasten.records.fields import moment

DELTA_BATCHES_COLLECTION = "cursors"
DELTA_BATCHES_PARTITION = "batches"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaBatch:
    """`saved_at` is when its link was saved. `groups` may contain some that are no longer
    watched."""

    key: str
    groups: Sequence[str]
    link: str
    saved_at: datetime = LONG_AGO
    etag: str | None = None

    @property
    def has_room(self) -> bool:
        return len(self.groups) < MAX_GROUPS_PER_DELTA

    def moved(self, link: str, now: datetime, *, without: Collection[str] = ()) -> "DeltaBatch":
        left = tuple(group for group in self.groups if group not in without)
        return replace(self, groups=left, link=link, saved_at=now)

    def of(self, watched: Collection[str]) -> Sequence[str]:
        """Returns its groups that are watched."""
        return [group for group in self.groups if group in watched]


def split(groups: Collection[str]) -> Sequence[Sequence[str]]:
    ordered = sorted(groups)
    return [*chunks(ordered, MAX_GROUPS_PER_DELTA)]


def free_keys(taken: Collection[str], count: int) -> Sequence[str]:
    """Returns the first `count` keys that no other batch has."""
    numbers = (f"{number:05}" for number in range(len(taken) + count))
    return [key for key in numbers if key not in taken][:count]


async def load_all(store: Store) -> Sequence[DeltaBatch]:
    """Returns the batches. One that cannot be read has no groups: the next reconcile puts its
    groups into new batches, and looks at them."""
    place = (DELTA_BATCHES_COLLECTION, DELTA_BATCHES_PARTITION)
    documents = await store.scan(*place)
    read = {b.key: b for _, b in await reading.readable(store, *place, documents, _batch)}
    unread = [DeltaBatch(key=d.key, groups=(), link="", etag=d.etag) for d in documents]
    return [read.get(batch.key, batch) for batch in unread]


async def save(store: Store, batch: DeltaBatch) -> None:
    """Saves the batch. Raises Conflict when another instance moved it first."""
    await store.commit(DELTA_BATCHES_COLLECTION, DELTA_BATCHES_PARTITION, [_put(batch, batch.etag)])


async def replace_all(store: Store, old: Sequence[DeltaBatch], new: Sequence[DeltaBatch]) -> None:
    """Replaces the batches `old` by `new`. Raises Conflict when another instance changed one
    meanwhile.

    After a crash between two commits the stored groups differ from the watched ones, so the next
    reconcile groups them again.
    """
    etags = {batch.key: batch.etag for batch in old}
    gone = etags.keys() - {batch.key for batch in new}
    writes: list[Write] = [_put(batch, etags.get(batch.key)) for batch in new]
    writes += [Delete(batch.key, str(batch.etag)) for batch in old if batch.key in gone]
    await commit_all(store, DELTA_BATCHES_COLLECTION, DELTA_BATCHES_PARTITION, writes)


def _put(batch: DeltaBatch, etag: str | None) -> Put:
    body = {"groups": list(batch.groups), "link": batch.link}
    return Put(batch.key, {**body, "saved_at": batch.saved_at.isoformat()}, etag)


def _batch(document: Document) -> DeltaBatch:
    body = document.body
    return DeltaBatch(
        key=document.key,
        groups=tuple(map(str, body["groups"])),
        link=body["link"],
        saved_at=moment(body["saved_at"]) if "saved_at" in body else LONG_AGO,
        etag=document.etag,
    )

"""Stores the members whom Hasten added to a group because they are members of another group."""

from collections.abc import Collection
from datetime import datetime

from hasten.ports.store import Delete, Put, Store
from hasten.records.commits import commit_all

MIRRORED_MEMBERS_COLLECTION = "mirrored"
"""The partition is target and group, and each user has one document."""


async def remembered(store: Store, target: str, group: str) -> frozenset[str]:
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, _partition(target, group))
    return frozenset(document.key for document in documents)


async def remember(
    store: Store, target: str, group: str, users: Collection[str], now: datetime
) -> None:
    """Notes users whom Hasten adds; at most MAX_WRITES."""
    known = await remembered(store, target, group)
    since = {"since": now.isoformat()}
    writes = [Put(user, since) for user in users if user not in known]
    if writes:
        await store.commit(MIRRORED_MEMBERS_COLLECTION, _partition(target, group), writes)


async def forget(store: Store, target: str, group: str, users: Collection[str]) -> None:
    partition = _partition(target, group)
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, partition)
    deletes = [Delete(d.key, d.etag) for d in documents if d.key in users]
    await commit_all(store, MIRRORED_MEMBERS_COLLECTION, partition, deletes)


def _partition(target: str, group: str) -> str:
    return f"{target}|{group}"

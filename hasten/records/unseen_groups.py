"""Stores the groups on whose assignment Hasten acted before a sweep saw it. If such a group is
unassigned before the next sweep, the sweep still finds it here and revokes its members."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from hasten.domain.long_ago import LONG_AGO
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records.commits import try_commit
from hasten.records.fields import moment

UNSEEN_GROUPS_COLLECTION = "unseengroups"
"""The partition is the target, and each group has one document."""


@dataclass(frozen=True, slots=True)
class UnseenGroup:
    """`noted_at` is LONG_AGO if it cannot be read."""

    noted_at: datetime
    etag: str


async def note(store: Store, target: str, groups: Collection[str], now: datetime) -> None:
    """Notes groups. A group that is noted already keeps its time. Raises TemporaryError of the
    store."""

    async def put(group: str) -> None:
        put = Put(group, {"at": now.isoformat()})
        await try_commit(store, UNSEEN_GROUPS_COLLECTION, target, [put])

    await asyncio.gather(*map(put, sorted(groups)))


async def load(store: Store, target: str) -> Mapping[str, UnseenGroup]:
    """Returns the noted groups, by id."""
    documents = await store.scan(UNSEEN_GROUPS_COLLECTION, target)
    return {document.key: UnseenGroup(_at(document), document.etag) for document in documents}


async def forget(store: Store, target: str, groups: Mapping[str, UnseenGroup]) -> None:
    """Deletes groups, once a sweep has saved what became of them."""
    for group, noted in sorted(groups.items()):
        await try_commit(store, UNSEEN_GROUPS_COLLECTION, target, [Delete(group, noted.etag)])


def _at(document: Document) -> datetime:
    try:
        return moment(document.body.get("at"))
    except (TypeError, ValueError):
        return LONG_AGO

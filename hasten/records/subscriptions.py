"""The subscriptions that are ours, written down: Graph does not show the clientState they have, and
the webhook must know them without asking Graph."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.domain.subscribing import ALL_GROUPS, resource_of
from hasten.errors import Conflict
from hasten.ports.store import Delete, Document, Put, Store

COLLECTION = "subscriptions"
PARTITION = "graph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`group` is None for the subscription to all groups; `state` marks the clientState it has.
    `renewed_at` is when a renewal was last begun, `answered` whether it was seen to succeed."""

    id: str
    group: str | None
    expires: datetime
    state: str
    renewed_at: datetime | None = None
    answered: bool = True
    etag: str | None = None

    @property
    def resource(self) -> str:
        return ALL_GROUPS if self.group is None else resource_of(self.group)


def mark(client_state: str) -> str:
    """Tells clientStates apart in the store without keeping them there."""
    return hashlib.sha256(client_state.encode()).hexdigest()[:16]


async def known(store: Store) -> frozenset[str]:
    """Ids of the subscriptions whose notifications are believed."""
    return frozenset(d.key for d in await store.scan(COLLECTION, PARTITION))


async def load(store: Store, subscription: str) -> Record | None:
    document = await store.get(COLLECTION, PARTITION, subscription)
    return _record(document) if document else None


async def load_all(store: Store) -> Sequence[Record]:
    return [_record(document) for document in await store.scan(COLLECTION, PARTITION)]


async def save(store: Store, record: Record) -> None:
    """Raises Conflict when another instance wrote first."""
    body = {
        "group": record.group,
        "expires": record.expires.isoformat(),
        "state": record.state,
        "renewed_at": record.renewed_at.isoformat() if record.renewed_at else None,
        "answered": record.answered,
    }
    await store.commit(COLLECTION, PARTITION, [Put(record.id, body, record.etag)])


async def renewed(store: Store, subscription: str, expires: datetime) -> None:
    """Writes down that a renewal succeeded, as its answer or Graph's list says."""
    record = await load(store, subscription)
    if record is None:
        return  # another instance replaced it
    try:
        await save(store, replace(record, expires=expires, answered=True))
    except Conflict:
        return  # another instance saw it too


async def forget(store: Store, subscription: str) -> None:
    document = await store.get(COLLECTION, PARTITION, subscription)
    if document is None:
        return
    try:
        await store.commit(COLLECTION, PARTITION, [Delete(document.key, document.etag)])
    except Conflict:
        return  # another instance saw it last; the next timer compares again


def _record(document: Document) -> Record:
    body = document.body
    renewed_at = body.get("renewed_at")
    return Record(
        id=document.key,
        group=body["group"],
        expires=datetime.fromisoformat(body["expires"]),
        state=body["state"],
        renewed_at=datetime.fromisoformat(renewed_at) if renewed_at else None,
        answered=body.get("answered", True),
        etag=document.etag,
    )

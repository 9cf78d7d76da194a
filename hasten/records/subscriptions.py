"""Stores Hasten's subscriptions. Graph does not return their clientState, and the webhook must know
them without a call to Graph."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.domain.subscribing import GROUPS_RESOURCE, resource_of
from hasten.errors import Conflict
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.commits import delete
from hasten.records.fields import moment

SUBSCRIPTIONS_COLLECTION = "subscriptions"
SUBSCRIPTIONS_PARTITION = "graph"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRecord:
    """One subscription. `resource` is a group, all groups or all users; `state` is a hash of its
    clientState. `renewed_at` is when the last renewal began; `answered` is whether it
    succeeded."""

    id: str
    resource: str
    expires: datetime
    state: str
    renewed_at: datetime | None = None
    answered: bool = True
    etag: str | None = None

    def covers(self, group: str) -> bool:
        return self.resource in {GROUPS_RESOURCE, resource_of(group)}


def mark(client_state: str) -> str:
    """Returns a hash that distinguishes clientStates, so that the store does not contain them."""
    return hashlib.sha256(client_state.encode()).hexdigest()[:16]


async def known(store: Store) -> frozenset[str]:
    """Returns the ids of the subscriptions whose notifications Hasten accepts."""
    return frozenset(
        d.key for d in await store.scan(SUBSCRIPTIONS_COLLECTION, SUBSCRIPTIONS_PARTITION)
    )


async def load(store: Store, subscription: str) -> SubscriptionRecord | None:
    """Returns None for a subscription that Hasten does not know, or whose record cannot be read."""
    document = await store.get(SUBSCRIPTIONS_COLLECTION, SUBSCRIPTIONS_PARTITION, subscription)
    place = (SUBSCRIPTIONS_COLLECTION, SUBSCRIPTIONS_PARTITION)
    if document is None:
        return None
    return await reading.read_or(store, *place, document, _record, safe=None)


async def load_all(store: Store) -> Sequence[SubscriptionRecord]:
    """Returns the subscriptions whose record can be read. Hasten replaces the others."""
    return await reading.scanned(store, SUBSCRIPTIONS_COLLECTION, SUBSCRIPTIONS_PARTITION, _record)


async def save(store: Store, record: SubscriptionRecord) -> None:
    """Saves the record. Raises Conflict when another instance wrote it first."""
    body = {
        "resource": record.resource,
        "expires": record.expires.isoformat(),
        "state": record.state,
        "renewed_at": record.renewed_at.isoformat() if record.renewed_at else None,
        "answered": record.answered,
    }
    await store.commit(
        SUBSCRIPTIONS_COLLECTION, SUBSCRIPTIONS_PARTITION, [Put(record.id, body, record.etag)]
    )


async def renewed(store: Store, subscription: str, expires: datetime) -> None:
    """Saves that a renewal succeeded, as Graph's answer or its list of subscriptions shows."""
    record = await load(store, subscription)
    if record is None:
        return  # another instance replaced it
    try:
        await save(store, replace(record, expires=expires, answered=True))
    except Conflict:
        return  # another instance saw it too


async def forget(store: Store, subscription: str) -> None:
    """If another instance saves it at the same moment, the next timer compares again."""
    await delete(store, SUBSCRIPTIONS_COLLECTION, SUBSCRIPTIONS_PARTITION, subscription)


def _record(document: Document) -> SubscriptionRecord:
    body = document.body
    renewed_at = body.get("renewed_at")
    return SubscriptionRecord(
        id=document.key,
        resource=body["resource"],
        expires=moment(body["expires"]),
        state=body["state"],
        renewed_at=moment(renewed_at) if renewed_at else None,
        answered=body.get("answered", True),
        etag=document.etag,
    )

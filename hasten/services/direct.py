"""Who is assigned to a target without a group, as far as is known: what sweeps compare with."""

from collections.abc import Mapping
from datetime import datetime

from hasten.domain.ensuring import SETTLED
from hasten.ports.store import Conflict, Document, Put, Store

COLLECTION = "direct"
"""One document each, by target."""

WRITTEN_AT = "written_at"
"""Of those whom Hasten assigned itself: a replica that lags does not show them for a while."""


async def known(store: Store, target: str) -> Mapping[str, Document]:
    return {document.key: document for document in await store.scan(COLLECTION, target)}


async def note(store: Store, target: str, user: str, now: datetime) -> None:
    """Before Hasten assigns someone: whoever is unassigned before a sweep has seen it is missed by
    none."""
    document = await store.get(COLLECTION, target, user)
    etag = document.etag if document else None
    try:
        await store.commit(COLLECTION, target, [Put(user, {WRITTEN_AT: now.isoformat()}, etag)])
    except Conflict:
        return  # a sweep saw the assignment


def may_not_show(document: Document, now: datetime) -> bool:
    """Whether Hasten assigned them so lately that Graph may not list it yet."""
    at = document.body.get(WRITTEN_AT)
    return at is not None and now - datetime.fromisoformat(at) < SETTLED

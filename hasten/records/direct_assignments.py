"""Who is assigned to a target without a group, as far as is known: what sweeps compare with."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hasten.errors import Conflict
from hasten.limits import SETTLED_AFTER
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store, Write

COLLECTION = "direct"
"""One document each, by target."""

WRITTEN_AT = "written_at"
"""Of those whom Hasten assigned itself: a replica that lags does not show them for a while."""


ARRIVING = "arriving"
"""Of those whose change is being written down: a crash may have left it out."""


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
    return at is not None and now - datetime.fromisoformat(at) < SETTLED_AFTER


def is_new(document: Document | None) -> bool:
    """Whether the change of someone who is assigned is still to be written down."""
    return document is None or bool(document.body.get(ARRIVING))


async def announce(store: Store, target: str, users: Sequence[str]) -> None:
    """Before their changes are written down: whoever is called and then unassigned before the next
    sweep is revoked by it."""
    try:
        await _commit(store, target, [Put(user, {ARRIVING: True}) for user in users])
    except Conflict:
        return  # another sweep did


async def settle(store: Store, target: str, joined: Sequence[str], left: Sequence[str]) -> bool:
    """After it; False when another sweep was faster."""
    there = await known(store, target)
    etags = {user: document.etag for user, document in there.items()}
    writes: list[Write] = [
        *(Put(user, {}, etags.get(user)) for user in joined),
        *(Delete(user, etags[user]) for user in left if user in etags),
    ]
    try:
        await _commit(store, target, writes)
    except Conflict:
        return False
    return True


async def _commit(store: Store, target: str, writes: Sequence[Write]) -> None:
    for start in range(0, len(writes), MAX_WRITES):
        await store.commit(COLLECTION, target, writes[start : start + MAX_WRITES])

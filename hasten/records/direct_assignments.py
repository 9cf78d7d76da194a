"""Stores the users known to be assigned to each target directly, without a group. Each sweep
compares the assignments in Graph with them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.store import Delete, Document, Put, Store, Write
from hasten.records.commits import commit_all, commit_unchanged, write
from hasten.records.fields import moment

DIRECT_ASSIGNMENTS_COLLECTION = "direct"
"""The partition is the target, and each user has one document."""

WRITTEN_AT = "written_at"
"""Set for a user whom Hasten assigned, or found assigned before a sweep did: a lagging replica does
not show them for a while."""

REMOVED_AT = "removed_at"
"""Set for a user whom Hasten is about to unassign. If a later sweep lists them after the replicas
have settled, somebody has assigned them again."""

ARRIVING = "arriving"
"""Set while the user's change is being recorded: after a crash the change may be missing."""


async def known(store: Store, target: str) -> Mapping[str, Document]:
    return {
        document.key: document
        for document in await store.scan(DIRECT_ASSIGNMENTS_COLLECTION, target)
    }


async def note(store: Store, target: str, user: str, now: datetime) -> None:
    """Notes a user whom Hasten is about to assign directly, so that a sweep still detects them if
    they are unassigned before it has seen them. The other notes stay: a sweep has not acted on them
    yet."""
    document = await store.get(DIRECT_ASSIGNMENTS_COLLECTION, target, user)
    known = {} if document is None else document.body
    body = {**known, WRITTEN_AT: now.isoformat()}
    # If the document changed meanwhile, a sweep saw the assignment.
    await write(store, DIRECT_ASSIGNMENTS_COLLECTION, target, user, body, over=document)


async def note_removal(store: Store, target: str, user: str, now: datetime) -> None:
    """Notes a user whom Hasten is about to unassign. A user whom no sweep has seen counts as new in
    any case."""
    document = await store.get(DIRECT_ASSIGNMENTS_COLLECTION, target, user)
    if document is not None:
        body = {**document.body, REMOVED_AT: now.isoformat()}
        await write(store, DIRECT_ASSIGNMENTS_COLLECTION, target, user, body, over=document)


async def note_found(store: Store, target: str, users: Collection[str], now: datetime) -> None:
    """Notes users whose assignment somebody else made, before Hasten gives them access. A user whom
    a sweep has seen keeps their document."""

    async def put(user: str) -> None:
        if await store.get(DIRECT_ASSIGNMENTS_COLLECTION, target, user) is None:
            await note(store, target, user, now)

    await asyncio.gather(*map(put, sorted(users)))


def may_not_show(document: Document, now: datetime) -> bool:
    """Returns whether the user was noted so recently that a replica may not list them yet."""
    at = _hints(document).written_at
    return at is not None and now - at < REPLICATION_SETTLED_AFTER


def is_new(document: Document | None, now: datetime) -> bool:
    """Returns whether the change of an assigned user has still to be recorded."""
    return document is None or _hints(document).is_arriving or is_back(document, now)


def is_back(document: Document | None, now: datetime) -> bool:
    """Returns whether a listed user was assigned again after Hasten had unassigned them, or had
    tried to."""
    at = _hints(document).removed_at if document else None
    return at is not None and now - at >= REPLICATION_SETTLED_AFTER


@dataclass(frozen=True, slots=True)
class _Hints:
    is_arriving: bool
    written_at: datetime | None = None
    removed_at: datetime | None = None


def _hints(document: Document) -> _Hints:
    """Returns the notes about the user, whom the key alone names. If they cannot be read, Hasten
    records the change of the user once more, which has no effect if it is recorded already."""
    try:
        written_at, removed_at = document.body.get(WRITTEN_AT), document.body.get(REMOVED_AT)
        return _Hints(
            is_arriving=bool(document.body.get(ARRIVING)),
            written_at=None if written_at is None else moment(written_at),
            removed_at=None if removed_at is None else moment(removed_at),
        )
    except (TypeError, ValueError):
        return _Hints(is_arriving=True)


async def announce(
    store: Store, target: str, users: Mapping[str, Document | None]
) -> Mapping[str, str]:
    """Notes users, each with the document that the sweep has read, before their changes are
    recorded. So a sweep revokes anyone who is unassigned after the call and before the next sweep,
    and calls again for anyone who is assigned again. Returns the etag of each note. Raises Conflict
    if somebody else has written one of the documents since."""
    puts = [
        Put(user, {**document.body, ARRIVING: True}, document.etag)
        if document
        else Put(user, {ARRIVING: True})
        for user, document in users.items()
    ]
    etags = await commit_all(store, DIRECT_ASSIGNMENTS_COLLECTION, target, puts)
    return {user: str(etag) for user, etag in zip(users, etags, strict=True)}


async def copy(store: Store, target: str, heir: str) -> None:
    """Replaces the notes about the users of the target `heir` by those about the users of
    `target`."""
    old, new = await known(store, heir), await known(store, target)
    writes: list[Write] = [Delete(user, old[user].etag) for user in old.keys() - new.keys()]
    for user, note in new.items():
        writes.append(Put(user, note.body, old[user].etag if user in old else None))
    await commit_all(store, DIRECT_ASSIGNMENTS_COLLECTION, heir, writes)


async def save_sweep(
    store: Store,
    target: str,
    joined: Sequence[str],
    left: Sequence[str],
    etags: Mapping[str, str],
) -> None:
    """Saves the result of a sweep once its changes are recorded. `etags` are those of the notes
    that it has read and made. A user whose note somebody else has changed since stays as that one
    says, and the next sweep compares with it."""
    writes: list[Write] = [
        *(Put(user, {}, etags.get(user)) for user in joined),
        *(Delete(user, etags[user]) for user in left),
    ]
    await commit_unchanged(store, DIRECT_ASSIGNMENTS_COLLECTION, target, writes)

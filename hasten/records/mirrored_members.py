"""Stores the members whom Hasten added to a group because they are members of another group."""

from collections.abc import Collection, Mapping
from datetime import datetime

from hasten.domain.long_ago import LONG_AGO
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records.commits import commit_all
from hasten.records.fields import moment
from hasten.records.moving import move_documents

MIRRORED_MEMBERS_COLLECTION = "mirrored"
"""The partition is target and group, and each user has one document."""

SINCE = "since"
"""When Hasten last began to add the user. An earlier version kept when it first did."""

LET_GO = "let_go"
"""Set for a user whose removal the brake has let pass, which Graph may then have refused."""


async def remembered(store: Store, target: str, group: str) -> Mapping[str, datetime]:
    """Returns by user when Hasten last began to add them, LONG_AGO if that cannot be read."""
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, _partition(target, group))
    return {document.key: _since(document) for document in documents}


async def remember(
    store: Store, target: str, group: str, users: Collection[str], now: datetime
) -> frozenset[str]:
    """Notes users whom Hasten is about to add; at most MAX_WRITES. Returns those of whom it had no
    note."""
    partition = _partition(target, group)
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, partition)
    etags = {document.key: document.etag for document in documents}
    writes = [Put(user, {SINCE: now.isoformat()}, etags.get(user)) for user in users]
    await store.commit(MIRRORED_MEMBERS_COLLECTION, partition, writes)
    return frozenset(users) - set(etags)


async def unjudged(store: Store, target: str, group: str, users: Collection[str]) -> frozenset[str]:
    """Returns those of `users` whose removal the brake has not let pass yet."""
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, _partition(target, group))
    return frozenset(users) - {d.key for d in documents if d.body.get(LET_GO)}


async def let_go(store: Store, target: str, group: str, users: Collection[str]) -> None:
    """Notes that the brake lets the removal of the users pass, until Hasten adds them again or
    they are wanted again."""
    partition = _partition(target, group)
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, partition)
    puts = [Put(d.key, {**d.body, LET_GO: True}, d.etag) for d in documents if d.key in users]
    await commit_all(store, MIRRORED_MEMBERS_COLLECTION, partition, puts)


async def keep(store: Store, target: str, group: str, leaving: Collection[str]) -> None:
    """Takes back what `let_go` noted of users who do not leave any more: the brake counts them when
    they leave again."""
    partition = _partition(target, group)
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, partition)
    back = [d for d in documents if d.body.get(LET_GO) and d.key not in leaving]
    puts = [Put(d.key, {**d.body, LET_GO: False}, d.etag) for d in back]
    await commit_all(store, MIRRORED_MEMBERS_COLLECTION, partition, puts)


async def forget(store: Store, target: str, group: str, users: Collection[str]) -> None:
    partition = _partition(target, group)
    documents = await store.scan(MIRRORED_MEMBERS_COLLECTION, partition)
    deletes = [Delete(d.key, d.etag) for d in documents if d.key in users]
    await commit_all(store, MIRRORED_MEMBERS_COLLECTION, partition, deletes)


async def move(store: Store, group: str, target: str, heir: str) -> None:
    """Moves the notes about the group from `target` to `heir`. Raises TemporaryError and
    PermanentError of the store."""
    collection = MIRRORED_MEMBERS_COLLECTION
    await move_documents(store, collection, _partition(target, group), _partition(heir, group))


def _since(document: Document) -> datetime:
    try:
        return moment(document.body[SINCE])
    except (KeyError, TypeError, ValueError):
        return LONG_AGO


def _partition(target: str, group: str) -> str:
    return f"{target}|{group}"

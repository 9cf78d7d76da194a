"""Stores the groups that Hasten created or an operator adopted, by target and name."""

from dataclasses import dataclass
from datetime import datetime

from hasten.domain.intents import group_key
from hasten.errors import Conflict
from hasten.json import Json
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment

MADE_GROUPS_COLLECTION = "groups"


@dataclass(frozen=True, slots=True)
class MadeGroup:
    """A group that Hasten created or is creating. `id` is None until Graph has answered, or has
    shown the group. Until then `nickname` is the mailNickname that Hasten gives the group, by which
    it recognizes the group; empty if an earlier version began."""

    name: str
    creating_at: datetime
    id: str | None
    etag: str
    nickname: str = ""

    def may_not_show(self, now: datetime) -> bool:
        """Returns whether Hasten created the group so recently that a replica of Graph may not show
        it."""
        return now - self.creating_at < REPLICATION_SETTLED_AFTER

    def recognizes(self, shown: Json) -> bool:
        """Returns whether Graph shows the group whose creation it has not answered. Nobody else can
        have given a group that mailNickname, unless they have read it since."""
        is_unanswered = self.id is None and bool(self.nickname)
        return is_unanswered and shown.get("mailNickname") == self.nickname


async def find(store: Store, target: str, name: str) -> MadeGroup | None:
    """Raises UnreadableRowError: without its record Hasten might create the group twice."""
    document = await store.get(MADE_GROUPS_COLLECTION, target, group_key(name))
    if document is None:
        return None
    return await reading.needed(store, MADE_GROUPS_COLLECTION, target, document, _made)


async def load_all(store: Store, target: str) -> list[MadeGroup]:
    """Returns the groups whose record can be read."""
    return await reading.scanned(store, MADE_GROUPS_COLLECTION, target, _made)


async def begin(
    store: Store,
    target: str,
    name: str,
    *,
    nickname: str,
    now: datetime,
    before: MadeGroup | None,
) -> None:
    """Notes that Hasten is about to create the group. Raises Conflict when another instance did
    first."""
    body = {**_body(name, now), "nickname": nickname}
    await _put(store, target, body, etag=before.etag if before else None)


async def finish(store: Store, target: str, name: str, *, began_at: datetime, group: str) -> None:
    """Saves the object id of the new group. Raises Conflict."""
    begun = await find(store, target, name)
    body = {**_body(name, began_at), "id": group}
    await _put(store, target, body, etag=begun.etag if begun else None)


async def adopt(store: Store, target: str, name: str, group: str, now: datetime) -> None:
    """Saves the group that an operator, its assignment, or its mailNickname identifies as the one
    of this name."""
    known = await find(store, target, name)
    if known is None or known.id != group:
        body = {**_body(name, now), "id": group}
        try:
            await _put(store, target, body, etag=known.etag if known else None)
        except Conflict:
            return  # another instance created or adopted a group meanwhile, and that one counts


async def _put(store: Store, target: str, body: Json, etag: str | None) -> None:
    await store.commit(
        MADE_GROUPS_COLLECTION, target, [Put(group_key(str(body["name"])), body, etag)]
    )


def _body(name: str, at: datetime) -> Json:
    return {"name": name, "creating_at": at.isoformat()}


def _made(document: Document) -> MadeGroup:
    body = document.body
    return MadeGroup(
        name=str(body["name"]),
        creating_at=moment(body["creating_at"]),
        id=body.get("id"),
        etag=document.etag,
        nickname=str(body.get("nickname", "")),
    )

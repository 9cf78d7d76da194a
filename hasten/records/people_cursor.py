"""Stores the point up to which the changes of the tenant's users were read."""

from dataclasses import dataclass

from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import try_commit

PEOPLE_CURSOR_COLLECTION = "cursors"
PEOPLE_CURSOR_PARTITION = "people"
PEOPLE_CURSOR_KEY = "users"
PLACE = (PEOPLE_CURSOR_COLLECTION, PEOPLE_CURSOR_PARTITION)


@dataclass(frozen=True, slots=True)
class PeopleCursor:
    """A delta link, and the properties that Graph tracks for it. `targets` are those whose people
    Hasten has compared with what it last saw, and has watched by the link since."""

    link: str
    properties: tuple[str, ...]
    etag: str | None = None
    targets: frozenset[str] = frozenset()


async def load(store: Store) -> PeopleCursor | None:
    """Returns the cursor. One that cannot be read has no link."""
    document = await store.get(*PLACE, PEOPLE_CURSOR_KEY)
    if document is None:
        return None
    unread = PeopleCursor("", (), document.etag)
    return await reading.read_or(store, *PLACE, document, _parse, safe=unread)


def _parse(document: Document) -> PeopleCursor:
    body = document.body
    if not all(isinstance(name, str) for name in body["properties"]):
        raise TypeError("the name of a property is no text")
    targets = body.get("targets", [])
    if not all(isinstance(name, str) for name in targets):
        raise TypeError("the name of a target is no text")
    properties = tuple(body["properties"])
    return PeopleCursor(body["link"], properties, document.etag, frozenset(targets))


async def save(store: Store, cursor: PeopleCursor) -> bool:
    """Saves the cursor. Returns False when another instance moved it first: that one read on from
    the same link and sent its looks."""
    body = {
        "link": cursor.link,
        "properties": list(cursor.properties),
        "targets": sorted(cursor.targets),
    }
    return await try_commit(store, *PLACE, [Put(PEOPLE_CURSOR_KEY, body, cursor.etag)])


async def forget(store: Store, cursor: PeopleCursor) -> None:
    """Deletes the cursor, unless another instance still reads it."""
    await try_commit(store, *PLACE, [Delete(PEOPLE_CURSOR_KEY, str(cursor.etag))])

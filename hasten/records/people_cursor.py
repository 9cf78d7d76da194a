"""Stores the point up to which the changes of the tenant's users were read."""

from dataclasses import dataclass

from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading

PEOPLE_CURSOR_COLLECTION = "cursors"
PEOPLE_CURSOR_PARTITION = "people"
PEOPLE_CURSOR_KEY = "users"


@dataclass(frozen=True, slots=True)
class PeopleCursor:
    """A delta link, and the properties that Graph tracks for it."""

    link: str
    properties: tuple[str, ...]
    etag: str | None = None


async def load(store: Store) -> PeopleCursor | None:
    """Returns the cursor. One that cannot be read has no link."""
    document = await store.get(PEOPLE_CURSOR_COLLECTION, PEOPLE_CURSOR_PARTITION, PEOPLE_CURSOR_KEY)
    if document is None:
        return None
    place = (PEOPLE_CURSOR_COLLECTION, PEOPLE_CURSOR_PARTITION, document)
    unread = PeopleCursor("", (), document.etag)
    return await reading.read_or(store, *place, _parse, safe=unread)


def _parse(document: Document) -> PeopleCursor:
    body = document.body
    if not all(isinstance(name, str) for name in body["properties"]):
        raise TypeError("the name of a property is no text")
    return PeopleCursor(body["link"], tuple(body["properties"]), document.etag)


async def save(store: Store, cursor: PeopleCursor) -> None:
    """Saves the cursor. Raises Conflict when another instance moved it first."""
    body = {"link": cursor.link, "properties": list(cursor.properties)}
    await store.commit(
        PEOPLE_CURSOR_COLLECTION,
        PEOPLE_CURSOR_PARTITION,
        [Put(PEOPLE_CURSOR_KEY, body, cursor.etag)],
    )


async def forget(store: Store, cursor: PeopleCursor) -> None:
    """Deletes the cursor. Raises Conflict when another instance moved it first."""
    await store.commit(
        PEOPLE_CURSOR_COLLECTION,
        PEOPLE_CURSOR_PARTITION,
        [Delete(PEOPLE_CURSOR_KEY, str(cursor.etag))],
    )

"""Stores the cursor of each watched group: the point up to which its membership history was
read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.commits import commit_unchanged

CURSORS_COLLECTION = "cursors"
CURSORS_PARTITION = "groups"

MOST_READ_ALONE = 20
"""Cursors that are read one by one. One request reads a thousand."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A delta link and its `origin`, the number of the slice of history after it. `origin` only
    grows. `is_page` marks the link of a page at which a read was cut short: such a link leads to
    no change that is newer than that read, and to the same slice. `is_lost` marks a stored cursor
    that cannot be read."""

    link: str
    origin: int
    etag: str | None = None
    is_page: bool = False
    is_lost: bool = False

    def age(self, now: datetime) -> timedelta:
        """Returns the time since the slice of history began."""
        return timedelta(milliseconds=_milliseconds(now) - self.origin)

    def moved(self, link: str, now: datetime, *, is_page: bool = False) -> "Cursor":
        """Returns the cursor after a read. The pages of one slice may list its changes in any
        order."""
        after = self.origin if is_page else max(self.origin + 1, _milliseconds(now))
        return Cursor(link, after, self.etag, is_page)


def first(link: str, now: datetime) -> Cursor:
    """Returns the first cursor of a group. Its origin comes from the clock, so that a recreated
    cursor gets a higher number than the one that was lost."""
    return Cursor(link, _milliseconds(now))


async def load(store: Store, group: str) -> Cursor | None:
    """Returns the cursor of a group. One that cannot be read is lost: it leads nowhere."""
    document = await store.get(CURSORS_COLLECTION, CURSORS_PARTITION, group)
    if document is None:
        return None
    place = (CURSORS_COLLECTION, CURSORS_PARTITION, document)
    lost = Cursor("", 0, document.etag, is_lost=True)
    return await reading.read_or(store, *place, _parse, safe=lost)


async def load_all(store: Store) -> Mapping[str, Cursor]:
    """Returns the cursors that can be read, by group."""
    place = (CURSORS_COLLECTION, CURSORS_PARTITION)
    documents = await store.scan(*place)
    read = await reading.readable(store, *place, documents, _parse)
    return {document.key: cursor for document, cursor in read}


async def load_or_first(store: Store, name: str, now: datetime) -> Cursor:
    """Returns the cursor. One that was never saved, or that cannot be read, begins now."""
    found = await load(store, name)
    if found is None or found.is_lost:
        return replace(first("", now), etag=found.etag if found else None)
    return found


def _parse(document: Document) -> Cursor:
    body = document.body
    link = body["link"]
    if not isinstance(link, str):
        raise TypeError("the link is no text")
    return Cursor(link, int(body["origin"]), document.etag, bool(body.get("is_page")))


async def without(store: Store, groups: Collection[str]) -> list[str]:
    """Returns those of `groups` that have no cursor. Reads all cursors where that takes fewer
    requests than one for each group."""
    if len(groups) > MOST_READ_ALONE:
        have = {
            document.key for document in await store.scan(CURSORS_COLLECTION, CURSORS_PARTITION)
        }
        return sorted(set(groups) - have)
    return [group for group in sorted(groups) if await load(store, group) is None]


async def save_first(store: Store, links: Mapping[str, str], now: datetime) -> None:
    """Saves the first cursor of each group, by the link that starts now. A group that another
    instance has given a cursor keeps it."""
    await save_unless_newer(store, {group: first(link, now) for group, link in links.items()})


async def save_unless_newer(store: Store, moved: Mapping[str, Cursor]) -> None:
    """Saves the cursors, many in one request. One that somebody else has saved meanwhile stays."""
    puts = [_put(group, cursor) for group, cursor in sorted(moved.items())]
    await commit_unchanged(store, CURSORS_COLLECTION, CURSORS_PARTITION, puts)


async def save(store: Store, group: str, cursor: Cursor) -> None:
    """Saves the cursor. Raises Conflict when another look moved it first."""
    await store.commit(CURSORS_COLLECTION, CURSORS_PARTITION, [_put(group, cursor)])


def _put(group: str, cursor: Cursor) -> Put:
    body = {"link": cursor.link, "origin": cursor.origin, "is_page": cursor.is_page}
    return Put(group, body, cursor.etag)


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)

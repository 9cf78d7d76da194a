"""Stores the cursor of each watched group: the point up to which its membership history was
read."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.ports.store import Put, Store

COLLECTION = "cursors"
PARTITION = "groups"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A delta link and its `origin`, the number of the slice of history after it. `origin` only
    grows. `is_page` marks the link of a page at which a read was cut short: such a link leads to
    no change that is newer than that read."""

    link: str
    origin: int
    etag: str | None = None
    is_page: bool = False

    def age(self, now: datetime) -> timedelta:
        """Returns the time since the slice of history began."""
        return timedelta(milliseconds=_milliseconds(now) - self.origin)

    def moved(self, link: str, now: datetime, *, is_page: bool = False) -> "Cursor":
        return Cursor(link, max(self.origin + 1, _milliseconds(now)), self.etag, is_page)


def first(link: str, now: datetime) -> Cursor:
    """Returns the first cursor of a group. Its origin comes from the clock, so that a recreated
    cursor gets a higher number than the one that was lost."""
    return Cursor(link, _milliseconds(now))


async def load(store: Store, group: str) -> Cursor | None:
    document = await store.get(COLLECTION, PARTITION, group)
    if document is None:
        return None
    body = document.body
    is_page = bool(body.get("is_page"))
    return Cursor(str(body["link"]), int(body["origin"]), document.etag, is_page)


async def save(store: Store, group: str, cursor: Cursor) -> None:
    """Saves the cursor. Raises Conflict when another look moved it first."""
    body = {"link": cursor.link, "origin": cursor.origin, "is_page": cursor.is_page}
    await store.commit(COLLECTION, PARTITION, [Put(group, body, cursor.etag)])


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)

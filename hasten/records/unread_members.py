"""Stores the slices of a group's history of which Hasten could not record every member, so that the
cursor of the group can move on and nobody is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.ports.directory_values import UnreadMember
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import delete, write
from hasten.records.fields import moment

PLACE = UNREAD_MEMBERS_COLLECTION, UNREAD_MEMBERS_PARTITION = "cursors", "unread members"

MOST_STORED = 50
"""Members who are named. The link leads to all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadSlice:
    """A delta link that leads to the slice again, and the members who are missing."""

    group: str
    link: str
    origin: int
    noticed_at: datetime
    members: Sequence[UnreadMember]

    @property
    def key(self) -> str:
        return f"{self.group}|{self.origin}"


async def save(store: Store, unread: UnreadSlice) -> None:
    """Saves the slice. Raises TemporaryError and PermanentError of the store."""
    body = {
        "group": unread.group,
        "link": unread.link,
        "origin": unread.origin,
        "noticed_at": unread.noticed_at.isoformat(),
        "members": [[one.id, one.problem] for one in unread.members[:MOST_STORED]],
    }
    document = await store.get(*PLACE, unread.key)
    await write(store, *PLACE, unread.key, body, over=document)


async def load_all(store: Store) -> Sequence[UnreadSlice]:
    """Returns the slices that can be read."""
    return await reading.scanned(store, *PLACE, _parse)


async def forget(store: Store, unread: UnreadSlice) -> None:
    await delete(store, *PLACE, unread.key)


def _parse(document: Document) -> UnreadSlice:
    body = document.body
    return UnreadSlice(
        group=body["group"],
        link=body["link"],
        origin=body["origin"],
        noticed_at=moment(body["noticed_at"]),
        members=[UnreadMember(str(user), str(problem)) for user, problem in body["members"]],
    )

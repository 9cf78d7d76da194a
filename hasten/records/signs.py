"""Stores when something last arrived from outside, because even a correctly configured channel may
bring nothing. Each process saves a sign at most once a minute, so that many notifications cause few
writes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.ports.clock import Now
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import write
from hasten.records.fields import moment

SIGNS_COLLECTION, SIGNS_PARTITION = "heartbeats", "signs"
SIGN_SAVE_INTERVAL = timedelta(minutes=1)

GROUP_AT = "group_at"
"""When the last notification about a group came. An older version, which reads the same document,
does not know it."""


class Sign(StrEnum):
    BELIEVED = "believed"
    """A notification of Graph that took effect."""

    REFUSED = "refused"
    """A notification that named one of Hasten's subscriptions and its tenant, with another
    clientState."""

    EVENT = "event"
    """An onboarding event that Hasten could read."""


class Signs:
    def __init__(self, store: Store, now: Now) -> None:
        self._store = store
        self._now = now
        self._noted: dict[tuple[Sign, bool], datetime] = {}

    async def note(self, sign: Sign, *, is_of_group: bool = True) -> None:
        """Saves a sign. `is_of_group` is False for a notification about people alone. Raises
        TemporaryError; the next sign is then saved."""
        now = self._now()
        noted = self._noted.get((sign, is_of_group))
        if noted is not None and now - noted < SIGN_SAVE_INTERVAL:
            return
        place = (SIGNS_COLLECTION, SIGNS_PARTITION)
        document = await self._store.get(*place, sign)
        group_at = now if is_of_group else await _group_at(self._store, document)
        body = {"at": now.isoformat(), GROUP_AT: group_at.isoformat() if group_at else None}
        await write(self._store, *place, sign, body, over=document)
        self._noted[sign, is_of_group] = now


async def load(store: Store) -> Mapping[Sign, datetime]:
    """Returns when each sign was last noted."""
    return dict(await reading.scanned(store, SIGNS_COLLECTION, SIGNS_PARTITION, _parse))


async def group_believed(store: Store) -> datetime | None:
    """Returns when a notification about a group last took effect. Notifications about people show
    nothing about the subscriptions to groups. Raises TemporaryError."""
    document = await store.get(SIGNS_COLLECTION, SIGNS_PARTITION, Sign.BELIEVED)
    return await _group_at(store, document)


async def _group_at(store: Store, document: Document | None) -> datetime | None:
    """Returns the time of any notification if an older version saved it."""

    def parse(document: Document) -> datetime | None:
        at = document.body.get(GROUP_AT, document.body["at"])
        return moment(at) if at else None

    if document is None:
        return None
    return await reading.read_or(
        store, SIGNS_COLLECTION, SIGNS_PARTITION, document, parse, safe=None
    )


def _parse(document: Document) -> tuple[Sign, datetime]:
    return Sign(document.key), moment(document.body["at"])

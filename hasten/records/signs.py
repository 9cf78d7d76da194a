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
        self._noted: dict[Sign, datetime] = {}

    async def note(self, sign: Sign) -> None:
        """Saves a sign. Raises TemporaryError; the next sign is then saved."""
        now = self._now()
        noted = self._noted.get(sign)
        if noted is not None and now - noted < SIGN_SAVE_INTERVAL:
            return
        document = await self._store.get(SIGNS_COLLECTION, SIGNS_PARTITION, sign)
        body = {"at": now.isoformat()}
        await write(self._store, SIGNS_COLLECTION, SIGNS_PARTITION, sign, body, over=document)
        self._noted[sign] = now


async def load(store: Store) -> Mapping[Sign, datetime]:
    """Returns when each sign was last noted."""
    return dict(await reading.scanned(store, SIGNS_COLLECTION, SIGNS_PARTITION, _parse))


def _parse(document: Document) -> tuple[Sign, datetime]:
    return Sign(document.key), moment(document.body["at"])

"""When something last arrived from outside: a channel that is set up well may still bring nothing.

Each process writes a sign at most once a minute: a flood of notifications is no flood of writes.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from hasten.errors import Conflict
from hasten.ports.clock import Now
from hasten.ports.store import Put, Store

COLLECTION, PARTITION = "heartbeats", "signs"
APART = timedelta(minutes=1)


class Sign(StrEnum):
    BELIEVED = "believed"
    """A notification of Graph that had its effect."""

    REFUSED = "refused"
    """A notification that named one of our subscriptions and our tenant, with another
    clientState."""

    EVENT = "event"
    """An onboarding event that could be read."""


class Signs:
    def __init__(self, store: Store, now: Now) -> None:
        self._store = store
        self._now = now
        self._noted: dict[Sign, datetime] = {}

    async def note(self, sign: Sign) -> None:
        """Raises TemporaryError; the next sign is then written."""
        now = self._now()
        noted = self._noted.get(sign)
        if noted is not None and now - noted < APART:
            return
        document = await self._store.get(COLLECTION, PARTITION, sign)
        put = Put(sign, {"at": now.isoformat()}, document.etag if document else None)
        with suppress(Conflict):  # another instance noted one at the same time
            await self._store.commit(COLLECTION, PARTITION, [put])
        self._noted[sign] = now


async def load(store: Store) -> Mapping[Sign, datetime]:
    """When the last of each was noted."""
    return {
        Sign(document.key): datetime.fromisoformat(document.body["at"])
        for document in await store.scan(COLLECTION, PARTITION)
    }

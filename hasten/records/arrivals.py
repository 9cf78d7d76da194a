"""Stores when a message of a queue last reached a function, and when a timer last did its work. A
process saves an arrival at most every 20 seconds, so that many messages cause few writes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hasten.domain.long_ago import LONG_AGO
from hasten.ports.clock import Now
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import write
from hasten.records.fields import moment

ARRIVALS_COLLECTION, ARRIVALS_PARTITION = "heartbeats", "arrivals"
ARRIVAL_SAVE_INTERVAL = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The signs of life of one queue."""

    came_at: datetime = LONG_AGO
    stood_in_at: datetime = LONG_AGO

    @property
    def is_stood_in_for(self) -> bool:
        """Returns whether a timer has done the work since the last message reached a function."""
        return self.stood_in_at > self.came_at


class ArrivalNotes:
    """Saves the arrivals that one process sees."""

    def __init__(self, store: Store, now: Now) -> None:
        self._store = store
        self._now = now
        self._noted: dict[str, datetime] = {}

    async def note(self, queue: str) -> None:
        """Saves that a message has reached a function. Raises TemporaryError."""
        now = self._now()
        noted = self._noted.get(queue)
        if noted is None or now - noted >= ARRIVAL_SAVE_INTERVAL:
            document = await self._store.get(ARRIVALS_COLLECTION, ARRIVALS_PARTITION, queue)
            known = await _known(self._store, document)
            await _put(self._store, queue, replace(known, came_at=now), document)
            self._noted[queue] = now


async def stood_in(store: Store, queue: str, now: datetime) -> None:
    """Saves that a timer does the work of the queue. Raises TemporaryError."""
    document = await store.get(ARRIVALS_COLLECTION, ARRIVALS_PARTITION, queue)
    await _put(store, queue, replace(await _known(store, document), stood_in_at=now), document)


async def load_all(store: Store) -> Mapping[str, Arrivals]:
    """Returns the queues that any message has reached."""
    documents = await store.scan(ARRIVALS_COLLECTION, ARRIVALS_PARTITION)
    found = await reading.readable(
        store, ARRIVALS_COLLECTION, ARRIVALS_PARTITION, documents, _parse
    )
    return {document.key: known for document, known in found}


async def _put(store: Store, queue: str, known: Arrivals, document: Document | None) -> None:
    body = {
        "came_at": known.came_at.isoformat(),
        "stood_in_at": known.stood_in_at.isoformat(),
    }
    await write(store, ARRIVALS_COLLECTION, ARRIVALS_PARTITION, queue, body, over=document)


async def _known(store: Store, document: Document | None) -> Arrivals:
    """Returns the signs of life. Those that cannot be read begin anew."""
    if document is None:
        return Arrivals()
    place = (ARRIVALS_COLLECTION, ARRIVALS_PARTITION, document)
    return await reading.read_or(store, *place, _parse, safe=Arrivals())


def _parse(document: Document) -> Arrivals:
    return Arrivals(
        came_at=moment(document.body["came_at"]),
        stood_in_at=moment(document.body["stood_in_at"]),
    )

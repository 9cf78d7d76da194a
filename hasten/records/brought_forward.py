"""Stores which parts of events an operator brings forward. Hasten carries such a part out before
its date. While it is on its way, an operator who drops a copy of it must not be told that nothing
will happen."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from hasten.domain.event_parts import Part
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.alarms import AGENDA_COLLECTION
from hasten.records.commits import try_commit
from hasten.records.fields import moment
from hasten.records.old_rows import delete_before

FORWARD_COLLECTION, FORWARD_PARTITION = AGENDA_COLLECTION, ONBOARDING_EVENTS
FORWARD_PREFIX = "forward|"


async def save(store: Store, part: Part, due: datetime) -> None:
    """Saves that an operator brings the part forward, which would be due at `due`. Raises
    TemporaryError."""
    body = {"due": due.isoformat(), "people": list(part.people)}
    put = Put(f"{_key(part)}{part.people_digest}", body)
    # If it is there, another operator has saved the same.
    await try_commit(store, FORWARD_COLLECTION, FORWARD_PARTITION, [put])


async def people_of(store: Store, part: Part) -> frozenset[str]:
    """Returns the people of the part for whom an operator has brought it forward. Raises
    TemporaryError."""
    place = (FORWARD_COLLECTION, FORWARD_PARTITION)
    found = await reading.scanned(store, *place, _people, _key(part))
    return frozenset(part.people).intersection(chain.from_iterable(found))


async def forget(store: Store, before: datetime) -> None:
    """Deletes the records of the parts that would have been due before `before`."""
    place = (FORWARD_COLLECTION, FORWARD_PARTITION)
    await delete_before(store, place, FORWARD_PREFIX, _due, before)


def _key(part: Part) -> str:
    return f"{FORWARD_PREFIX}{part.event_digest}|"


def _due(document: Document) -> datetime:
    return moment(document.body["due"])


def _people(document: Document) -> Sequence[str]:
    people: Sequence[str] = document.body["people"]
    return people

"""Stores which events for a later time an operator has cancelled. Service Bus may deliver a copy of
such an event that was on its way, or deliver the event again, after the operator has cancelled it:
Hasten does not carry it out. The records lie beside the entries of the agenda, so that one commit
removes an entry and cancels its event."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from hasten.domain.changes import Cause
from hasten.domain.event_parts import Part
from hasten.domain.long_ago import LONG_AGO
from hasten.json import Json
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.alarms import AGENDA_COLLECTION
from hasten.records.fields import moment
from hasten.records.old_rows import delete_before

CANCELLED_COLLECTION, CANCELLED_PARTITION = AGENDA_COLLECTION, ONBOARDING_EVENTS
CANCELLED_PREFIX = "cancelled|"

PEOPLE = "people"
POSTED_NAMES = "posted_names"
"""Key in what an entry is about: how the event named its people when it was posted. The entry of an
offboarding names them by object id."""

SINCE = "since"
"""When the operator cancelled all of an event."""


def put_of(part: Part, due: datetime, about: Json) -> Put:
    """Returns the write that cancels the part of an event. It is due at `due`. `about` is that of
    its entry."""
    key = f"{_key_of_part(part)}{part.people_digest}"
    people = dict.fromkeys([*part.people, *about.get(POSTED_NAMES, ())])
    return Put(key, {"due": due.isoformat(), PEOPLE: list(people)})


def put_of_all(cause: Cause, target: str, due: datetime, now: datetime) -> Put:
    """Returns the write that cancels all that lies ahead `now` of what the event wants of the
    target, also a part of it that comes later with another body, because Graph did not show its
    people at first."""
    return Put(_key_of_all(cause, target), {"due": due.isoformat(), SINCE: now.isoformat()})


async def people_of(
    store: Store, part: Part, cause: Cause, target: str, date: datetime
) -> frozenset[str]:
    """Returns the people of the part for whom an operator has cancelled it, or any other part with
    them, or all of the event for the target before its `date`. A part that was brought forward
    before that has an earlier date. Raises TemporaryError."""
    place, people = (CANCELLED_COLLECTION, CANCELLED_PARTITION), frozenset(part.people)
    if await store.get(*place, _key(part.body)) is not None:
        return people  # an older version cancelled what has this body
    meant = {_key_of_event(cause), _key_of_all(cause, target)}
    whole = await store.scan(*place, _key_of_event(cause))
    if any(one.key in meant and _since(one) < date for one in whole):
        return people
    documents = await store.scan(*place, _key_of_part(part))
    read = await reading.readable(store, *place, documents, _people)
    return people.intersection(chain.from_iterable(named for _, named in read))


async def forget(store: Store, before: datetime) -> None:
    """Deletes the records of the events that were due before `before`."""
    place = (CANCELLED_COLLECTION, CANCELLED_PARTITION)
    await delete_before(store, place, CANCELLED_PREFIX, _due, before)


def _key_of_part(part: Part) -> str:
    return f"{CANCELLED_PREFIX}{part.event_digest}|"


def _key(body: bytes) -> str:
    return CANCELLED_PREFIX + hashlib.sha256(body).hexdigest()


def _key_of_all(cause: Cause, target: str) -> str:
    return f"{_key_of_event(cause)}|{hashlib.sha256(target.encode()).hexdigest()[:32]}"


def _key_of_event(cause: Cause) -> str:
    """Returns the key by which an older version cancelled an event for all targets."""
    return _key(f"{len(cause.source)}|{cause.source}{cause.id}".encode())


def _since(document: Document) -> datetime:
    """Returns LONG_AGO for a record that an older version wrote: it cancels the event whenever its
    date is."""
    try:
        return moment(document.body[SINCE])
    except (KeyError, TypeError, ValueError):
        return LONG_AGO


def _due(document: Document) -> datetime:
    return moment(document.body["due"])


def _people(document: Document) -> Sequence[str]:
    people: Sequence[str] = document.body[PEOPLE]
    return people

"""Stores who dropped a waiting event, and why. Nothing else would show that it is gone. The records
lie beside the entries of the agenda, so that one commit removes an entry and says who did."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from hasten.chunks import chunks
from hasten.json import Json
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Delete, Document, Put, Store, Write
from hasten.records import reading
from hasten.records.alarms import AGENDA_COLLECTION
from hasten.records.commits import try_commit
from hasten.records.fields import moment
from hasten.records.old_rows import delete_before

DROPS_COLLECTION, DROPS_PARTITION = AGENDA_COLLECTION, ONBOARDING_EVENTS
DROPS_PREFIX = "dropped|"
NEW_PREFIX, REPORTED_PREFIX = f"{DROPS_PREFIX}new|", f"{DROPS_PREFIX}reported|"

PEOPLE_PER_RECORD = 5_000
"""People whom one document names: an id or a reference takes 40 bytes, and a document 256 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """`what` is scheduled, rejected or dead letter. `users` are object ids or the references of the
    event. `by` is who dropped it, `at` is when."""

    what: str
    message: str
    event: str
    source: str = ""
    target: str = ""
    users: Sequence[str] = ()
    by: str
    reason: str
    at: datetime

    def __str__(self) -> str:
        return (
            f"{self.by} dropped the {self.what} event {self.event or self.message} at "
            f"{self.at:%Y-%m-%d %H:%M}Z: {self.reason}"
        )


def put_of(dropped: Dropped) -> Put:
    """Returns the write that records the drop."""
    return Put(NEW_PREFIX + _name(dropped), _body(dropped))


async def save(store: Store, dropped: Dropped) -> None:
    """Saves before the event is removed, so that none is gone without a trace: an event that names
    many people as several records. Raises TemporaryError."""
    for some in [*chunks(dropped.users, PEOPLE_PER_RECORD)] or [()]:
        # If it is there, it was saved before, and then not removed.
        put = put_of(replace(dropped, users=some))
        await try_commit(store, DROPS_COLLECTION, DROPS_PARTITION, [put])


async def load_all(store: Store) -> Sequence[Dropped]:
    return await reading.scanned(store, DROPS_COLLECTION, DROPS_PARTITION, _parse, DROPS_PREFIX)


async def unreported(store: Store) -> Sequence[tuple[Document, Dropped]]:
    """Returns the dropped events that the app has not logged yet, each with its document."""
    place = (DROPS_COLLECTION, DROPS_PARTITION)
    return await reading.readable(store, *place, await store.scan(*place, NEW_PREFIX), _parse)


async def reported(store: Store, document: Document) -> None:
    """Saves that the app has logged it."""
    name = document.key.removeprefix(NEW_PREFIX)
    moved = Put(REPORTED_PREFIX + name, document.body)
    writes: list[Write] = [Delete(document.key, document.etag), moved]
    await try_commit(store, DROPS_COLLECTION, DROPS_PARTITION, writes)


async def forget(store: Store, before: datetime) -> None:
    """Deletes what was dropped before then."""
    place = (DROPS_COLLECTION, DROPS_PARTITION)
    await delete_before(store, place, REPORTED_PREFIX, lambda one: _parse(one).at, before)


def _name(dropped: Dropped) -> str:
    """Returns a key for any message id: a producer may use characters that no key takes, or one id
    for several events."""
    what = json.dumps([dropped.message, dropped.source, dropped.event, *dropped.users])
    return f"{dropped.at:%Y%m%dT%H%M%S}|{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def _body(dropped: Dropped) -> Json:
    return {**asdict(dropped), "at": dropped.at.isoformat(), "users": list(dropped.users)}


def _parse(document: Document) -> Dropped:
    fields: dict[str, Any] = dict(document.body)
    fields["at"] = moment(fields["at"])
    return Dropped(**fields)

"""Stores a heartbeat of each timer, which shows a reader of the store whether the app is alive."""

from collections.abc import Sequence
from datetime import datetime

from hasten.domain.heartbeats import Heartbeat, first
from hasten.json import Json
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import write
from hasten.records.fields import moment
from hasten.records.values import values

HEARTBEATS_COLLECTION, HEARTBEATS_PARTITION = "heartbeats", "timers"


async def load_all(store: Store) -> Sequence[Heartbeat]:
    return await reading.scanned(store, HEARTBEATS_COLLECTION, HEARTBEATS_PARTITION, _parse)


async def beat(store: Store, timer: str, now: datetime, reason: str = "") -> None:
    """Saves that `timer` has run. `reason` says why it failed, or is empty. Raises
    TemporaryError."""
    place = (HEARTBEATS_COLLECTION, HEARTBEATS_PARTITION)
    document = await store.get(*place, timer)
    known = await reading.read_or(store, *place, document, _parse, safe=None) if document else None
    new = known.after_run(now, reason) if known else first(timer, now, reason)
    await write(store, *place, timer, _body(new), over=document)


def _body(beat: Heartbeat) -> Json:
    succeeded_at = beat.succeeded_at.isoformat() if beat.succeeded_at else None
    return {
        **values(beat),
        "first_at": beat.first_at.isoformat(),
        "ran_at": beat.ran_at.isoformat(),
        "succeeded_at": succeeded_at,
    }


def _parse(document: Document) -> Heartbeat:
    body = document.body
    succeeded_at = body["succeeded_at"]
    return Heartbeat(
        timer=str(body["timer"]),
        first_at=moment(body["first_at"]),
        ran_at=moment(body["ran_at"]),
        succeeded_at=moment(succeeded_at) if succeeded_at else None,
        reason=str(body["reason"]),
    )

"""Stores the calls of all targets that share a limit, so that every instance sees them."""

from datetime import datetime
from functools import partial

from hasten.domain.long_ago import LONG_AGO
from hasten.domain.shared_pace import SharedPace, TargetCall
from hasten.json import Json
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment
from hasten.records.stamps import read, text_of

SHARED_WINDOW_COLLECTION = "targets"
SHARED_WINDOW_PARTITION = "limit"
SHARED_WINDOW_KEY = "shared"


async def load(
    store: Store, clock: str | None = None, now: datetime = LONG_AGO
) -> tuple[SharedPace, str | None]:
    """Returns the shared window and its etag, which is None if nothing was ever written. The calls
    are as the process `clock` sees them at `now`, or as they were written. A window that cannot be
    read counts as empty: each target keeps its own pace, and an answer of Entra shows again that
    they share the limit."""
    empty = SharedPace(clock=clock or "")
    document = await store.get(SHARED_WINDOW_COLLECTION, SHARED_WINDOW_PARTITION, SHARED_WINDOW_KEY)
    if document is None:
        return empty, None
    place = (SHARED_WINDOW_COLLECTION, SHARED_WINDOW_PARTITION, document)
    parse = partial(_pace, clock=clock, now=now)
    return await reading.read_or(store, *place, parse, safe=empty), document.etag


async def write(store: Store, pace: SharedPace, etag: str | None) -> str | None:
    """Saves the shared window and returns its new etag. Raises Conflict when another drain wrote
    first."""
    [written] = await store.commit(
        SHARED_WINDOW_COLLECTION,
        SHARED_WINDOW_PARTITION,
        [Put(SHARED_WINDOW_KEY, _body(pace), etag)],
    )
    return written


def _body(pace: SharedPace) -> Json:
    return {
        "calls": [{"target": call.target, "at": text_of(call.stamp)} for call in pace.calls],
        "not_before": pace.not_before.isoformat(),
        "claims": {target: until.isoformat() for target, until in pace.claims.items()},
        "since": pace.since.isoformat() if pace.since else "",
    }


def _pace(document: Document, clock: str | None, now: datetime) -> SharedPace:
    body = document.body
    return SharedPace(
        clock=clock or "",
        calls=tuple(
            TargetCall(call["target"], read(call["at"], clock, now)) for call in body["calls"]
        ),
        not_before=moment(body["not_before"]),
        claims={target: moment(until) for target, until in body["claims"].items()},
        since=moment(body["since"]) if body["since"] else None,
    )

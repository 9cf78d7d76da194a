"""Stores the calls of all targets that share a limit, so that every instance sees them."""

from hasten.domain.clocks import Stamp
from hasten.domain.shared_pace import SharedPace, TargetCall
from hasten.json import Json
from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment

SHARED_WINDOW_COLLECTION = "targets"
SHARED_WINDOW_PARTITION = "limit"
SHARED_WINDOW_KEY = "shared"


async def load(store: Store) -> tuple[SharedPace, str | None]:
    """Returns the shared window as it is stored and its etag, which is None if nothing was ever
    written. A window that cannot be read counts as empty: each target keeps its own pace, and an
    answer of Entra shows again that they share the limit."""
    document = await store.get(SHARED_WINDOW_COLLECTION, SHARED_WINDOW_PARTITION, SHARED_WINDOW_KEY)
    if document is None:
        return SharedPace(), None
    place = (SHARED_WINDOW_COLLECTION, SHARED_WINDOW_PARTITION, document)
    return await reading.read_or(store, *place, _pace, safe=SharedPace()), document.etag


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
        "calls": [
            {
                "target": call.target,
                "at": call.stamp.stored.isoformat(),
                "clock": call.stamp.clock,
            }
            for call in pace.calls
        ],
        "not_before": pace.not_before.isoformat(),
        "claims": {target: until.isoformat() for target, until in pace.claims.items()},
        "waiting": {target: until.isoformat() for target, until in pace.waiting.items()},
        "since": pace.since.isoformat() if pace.since else "",
    }


def _pace(document: Document) -> SharedPace:
    """An older version wrote no clocks."""
    body = document.body
    return SharedPace(
        calls=tuple(
            TargetCall(call["target"], Stamp.own(moment(call["at"]), call.get("clock", "")))
            for call in body["calls"]
        ),
        not_before=moment(body["not_before"]),
        claims={target: moment(until) for target, until in body["claims"].items()},
        waiting={target: moment(until) for target, until in body.get("waiting", {}).items()},
        since=moment(body["since"]) if body["since"] else None,
    )

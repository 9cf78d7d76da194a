"""Stores the calls of all targets that share a limit, so that every instance sees them."""

from datetime import datetime

from hasten.domain.shared_pace import SharedPace, TargetCall
from hasten.json import Json
from hasten.ports.store import Put, Store

SHARED_WINDOW_COLLECTION = "targets"
SHARED_WINDOW_PARTITION = "limit"
SHARED_WINDOW_KEY = "shared"


async def load(store: Store) -> tuple[SharedPace, str | None]:
    """Returns the shared window and its etag, which is None if nothing was ever written."""
    document = await store.get(SHARED_WINDOW_COLLECTION, SHARED_WINDOW_PARTITION, SHARED_WINDOW_KEY)
    if document is None:
        return SharedPace(), None
    return _pace(document.body), document.etag


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
        "calls": [{"target": call.target, "at": call.at.isoformat()} for call in pace.calls],
        "not_before": pace.not_before.isoformat(),
        "claims": {target: until.isoformat() for target, until in pace.claims.items()},
        "since": pace.since.isoformat() if pace.since else "",
    }


def _pace(body: Json) -> SharedPace:
    return SharedPace(
        calls=tuple(
            TargetCall(call["target"], datetime.fromisoformat(call["at"])) for call in body["calls"]
        ),
        not_before=datetime.fromisoformat(body["not_before"]),
        claims={target: datetime.fromisoformat(until) for target, until in body["claims"].items()},
        since=datetime.fromisoformat(body["since"]) if body["since"] else None,
    )

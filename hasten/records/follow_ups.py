"""Stores what offboarding events want besides the revocation, until it is done. One partition holds
those of all targets, so that a timer finds them in one request."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from hasten.domain.changes import Cause
from hasten.domain.follow_ups import FollowUp, What
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store

FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION = "followups", "open"


async def find(store: Store, asked: FollowUp) -> tuple[FollowUp | None, str | None]:
    """Returns what is stored of it, and its etag."""
    document = await store.get(FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION, asked.key)
    return (_parse(document), document.etag) if document else (None, None)


async def save(store: Store, asked: FollowUp, etag: str | None) -> str:
    """Saves it and returns the new etag. Raises Conflict when another instance was first."""
    [new] = await store.commit(
        FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION, [Put(asked.key, _body(asked), etag)]
    )
    return str(new)


async def load_all(store: Store) -> Sequence[tuple[FollowUp, str]]:
    """Returns all that are not done, with their etags."""
    return [
        (_parse(d), d.etag) for d in await store.scan(FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION)
    ]


async def delete(store: Store, asked: FollowUp, etag: str) -> None:
    """Raises Conflict when another instance changed it first."""
    await store.commit(FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION, [Delete(asked.key, etag)])


def _body(asked: FollowUp) -> Json:
    return {
        **asdict(asked),
        "groups": list(asked.groups),
        "event_time": asked.event_time.isoformat(),
        "asked_at": asked.asked_at.isoformat(),
        "due_at": asked.due_at.isoformat(),
    }


def _parse(document: Document) -> FollowUp:
    fields: dict[str, Any] = dict(document.body)
    return FollowUp(
        **{
            **fields,
            "what": What(fields["what"]),
            "cause": Cause(**fields["cause"]),
            "groups": tuple(fields["groups"]),
            "event_time": datetime.fromisoformat(fields["event_time"]),
            "asked_at": datetime.fromisoformat(fields["asked_at"]),
            "due_at": datetime.fromisoformat(fields["due_at"]),
        }
    )

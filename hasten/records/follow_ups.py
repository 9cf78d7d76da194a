"""Stores what offboarding events want besides the revocation, until it is done. One partition holds
those of all targets, so that a timer finds them in one request."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hasten.domain.changes import Cause
from hasten.domain.follow_ups import FollowUp, What
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment

FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION = "followups", "open"


async def find(store: Store, asked: FollowUp) -> tuple[FollowUp | None, str | None]:
    """Returns what is stored of it, and its etag. Raises UnreadableRowError."""
    document = await store.get(FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION, asked.key)
    if document is None:
        return None, None
    place = (FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION, document)
    return await reading.needed(store, *place, _parse), document.etag


async def save(store: Store, asked: FollowUp, etag: str | None) -> str:
    """Saves it and returns the new etag. Raises Conflict when another instance was first."""
    [new] = await store.commit(
        FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION, [Put(asked.key, _body(asked), etag)]
    )
    return str(new)


async def load_all(store: Store) -> Sequence[tuple[FollowUp, str]]:
    """Returns all that are not done and can be read, with their etags."""
    place = (FOLLOW_UPS_COLLECTION, FOLLOW_UPS_PARTITION)
    found = await reading.readable(store, *place, await store.scan(*place), _parse)
    return [(asked, document.etag) for document, asked in found]


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
            "event_time": moment(fields["event_time"]),
            "asked_at": moment(fields["asked_at"]),
            "due_at": moment(fields["due_at"]),
        }
    )

"""Stores how far the history was sent to each destination, and what became of the last tries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment

DESTINATIONS_COLLECTION, DESTINATIONS_PARTITION = "notices", "destinations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`cursor` is the number of the last seal that was sent. Nothing is sent before `due_at`.
    `tries` counts the failed tries since `failing_since`. `is_parked` is set while Hasten tries the
    destination only once an hour, and `wants_trial` while an operator waits for a test message."""

    name: str
    cursor: int
    due_at: datetime
    tries: int = 0
    failing_since: datetime | None = None
    reason: str = ""
    is_parked: bool = False
    wants_trial: bool = False
    etag: str | None = None


async def load_all(store: Store) -> Mapping[str, Progress]:
    """Returns the progress by destination, without what cannot be read."""
    place = (DESTINATIONS_COLLECTION, DESTINATIONS_PARTITION)
    found = await reading.scanned(store, *place, _parse)
    return {progress.name: progress for progress in found}


async def save(store: Store, progress: Progress) -> None:
    """Raises Conflict when another instance was first."""
    body = {
        **asdict(progress),
        "due_at": progress.due_at.isoformat(),
        "failing_since": progress.failing_since and progress.failing_since.isoformat(),
    }
    del body["etag"]
    await store.commit(
        DESTINATIONS_COLLECTION, DESTINATIONS_PARTITION, [Put(progress.name, body, progress.etag)]
    )


def _parse(document: Document) -> Progress:
    body = dict(document.body)
    since = body["failing_since"]
    return Progress(
        **{
            **body,
            "due_at": moment(body["due_at"]),
            "failing_since": moment(since) if since else None,
            "etag": document.etag,
        }
    )

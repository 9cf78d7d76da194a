"""Stores where Hasten met an exception that nobody expected, for `status` and `doctor`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.ports.store import Document, Put, Store

CRASHES_COLLECTION, CRASHES_PARTITION = "heartbeats", "crashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """`where` is a queue, a timer or a target. `reason` is of the last time."""

    where: str
    reason: str
    first_at: datetime
    last_at: datetime
    times: int


async def note(store: Store, where: str, reason: str, now: datetime) -> None:
    """Counts one more. If the store does not answer, only the log has the exception: a second error
    would hide the first."""
    with suppress(Conflict, TemporaryError, PermanentError):
        document = await store.get(CRASHES_COLLECTION, CRASHES_PARTITION, where)
        known = _parse(document) if document is not None else None
        body = {
            "reason": reason,
            "first_at": (known.first_at if known else now).isoformat(),
            "last_at": now.isoformat(),
            "times": (known.times if known else 0) + 1,
        }
        etag = document.etag if document is not None else None
        await store.commit(CRASHES_COLLECTION, CRASHES_PARTITION, [Put(where, body, etag)])


async def load_all(store: Store) -> Sequence[Crash]:
    return [
        _parse(document) for document in await store.scan(CRASHES_COLLECTION, CRASHES_PARTITION)
    ]


def _parse(document: Document) -> Crash:
    body = document.body
    return Crash(
        where=document.key,
        reason=str(body["reason"]),
        first_at=datetime.fromisoformat(body["first_at"]),
        last_at=datetime.fromisoformat(body["last_at"]),
        times=int(body["times"]),
    )

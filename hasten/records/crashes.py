"""Stores where Hasten met an exception that nobody expected, for `status` and `doctor`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.fields import moment

CRASHES_COLLECTION, CRASHES_PARTITION = "heartbeats", "crashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """`where` is a queue, a timer or a target. `reason` is that of the last exception."""

    where: str
    reason: str
    first_at: datetime
    last_at: datetime
    times: int


async def note(store: Store, where: str, reason: str, now: datetime) -> None:
    """Counts one more. If the store cannot take it, only the log has the exception: a second error
    would hide the first."""
    with suppress(Exception):  # the store may be what broke
        document = await store.get(CRASHES_COLLECTION, CRASHES_PARTITION, where)
        known = await _known(store, document) if document is not None else None
        body = {
            "reason": reason,
            "first_at": (known.first_at if known else now).isoformat(),
            "last_at": now.isoformat(),
            "times": (known.times if known else 0) + 1,
        }
        etag = document.etag if document is not None else None
        await store.commit(CRASHES_COLLECTION, CRASHES_PARTITION, [Put(where, body, etag)])


async def load_all(store: Store) -> Sequence[Crash]:
    return await reading.scanned(store, CRASHES_COLLECTION, CRASHES_PARTITION, _parse)


async def _known(store: Store, document: Document) -> Crash | None:
    place = (CRASHES_COLLECTION, CRASHES_PARTITION, document)
    return await reading.read_or(store, *place, _parse, safe=None)


def _parse(document: Document) -> Crash:
    body = document.body
    return Crash(
        where=document.key,
        reason=str(body["reason"]),
        first_at=moment(body["first_at"]),
        last_at=moment(body["last_at"]),
        times=int(body["times"]),
    )

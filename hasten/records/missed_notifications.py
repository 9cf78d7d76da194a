"""Stores the changes that a timer found although a notification should have brought them. A channel
that is set up well may still be silent, and only such changes show it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from hasten.ports.store import Document, Store
from hasten.records import reading, signs
from hasten.records.commits import write
from hasten.records.fields import moment

MISSED_NOTIFICATIONS_COLLECTION, MISSED_NOTIFICATIONS_PARTITION, MISSED_NOTIFICATIONS_KEY = (
    "heartbeats",
    "missed",
    "notifications",
)
PLACE = (MISSED_NOTIFICATIONS_COLLECTION, MISSED_NOTIFICATIONS_PARTITION)

MIN_MISSES, MIN_MISSES_SPAN = 3, timedelta(minutes=10)
"""Fewer misses, or all within less time, may be a single notification that is late or lost: Graph
promises none of them, and the timer that finds misses runs every five minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Misses in a row, with no believed notification about a group between them."""

    first_at: datetime
    last_at: datetime
    times: int

    def is_silence(self, believed: datetime | None) -> bool:
        """`believed` is when a notification about a group was last believed."""
        is_lasting = self.times >= MIN_MISSES and self.last_at - self.first_at >= MIN_MISSES_SPAN
        return is_lasting and (believed is None or believed < self.first_at)


async def note(store: Store, now: datetime) -> None:
    """Counts one more. Raises TemporaryError."""
    document = await store.get(*PLACE, MISSED_NOTIFICATIONS_KEY)
    known = await _known(store, document)
    believed = await signs.group_believed(store)
    if known is None or (believed is not None and believed >= known.first_at):
        missed = Missed(first_at=now, last_at=now, times=1)
    else:
        missed = replace(known, last_at=now, times=known.times + 1)
    body = {
        **asdict(missed),
        "first_at": missed.first_at.isoformat(),
        "last_at": missed.last_at.isoformat(),
    }
    await write(store, *PLACE, MISSED_NOTIFICATIONS_KEY, body, over=document)


async def load(store: Store) -> Missed | None:
    return await _known(store, await store.get(*PLACE, MISSED_NOTIFICATIONS_KEY))


async def _known(store: Store, document: Document | None) -> Missed | None:
    """Returns the misses. If they cannot be read, they are counted anew."""
    if document is None:
        return None
    return await reading.read_or(store, *PLACE, document, _parse, safe=None)


def _parse(document: Document) -> Missed:
    body = document.body
    return Missed(
        first_at=moment(body["first_at"]),
        last_at=moment(body["last_at"]),
        times=int(body["times"]),
    )

"""Stores which days have entries in the history, so that a reader skips the others.

The timer that seals the history looks at the last days by itself and lists them. The writer of an
entry of another day lists that day first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hasten.ports.store import Document, Put, Store
from hasten.records import reading
from hasten.records.commits import delete
from hasten.records.history_keys import DAYS_PARTITION, HISTORY_COLLECTION, day_key, day_of
from hasten.records.missing import put_missing

DAYS_STILL_SEALED = 3
"""Days that the timer seals every minute: today and the two before. A day is listed by its writer
from the day after tomorrow on, so no midnight falls between the two."""


def recent_days(now: datetime) -> list[str]:
    """Returns the days that the timer looks after, newest first."""
    return [day_of(now - timedelta(days=n)) for n in range(DAYS_STILL_SEALED)]


async def list_old(store: Store, day: str, now: datetime) -> None:
    """Lists a day to which an entry is about to be added, unless the timer will look at it."""
    if day not in recent_days(now)[:-1]:
        await list_day(store, day)


async def list_day(store: Store, day: str) -> None:
    await put_missing(
        store, HISTORY_COLLECTION, DAYS_PARTITION, [[Put(day_key(day), {"day": day})]]
    )


async def listed(store: Store) -> Sequence[str]:
    """Returns the listed days, newest first."""
    return await reading.scanned(store, HISTORY_COLLECTION, DAYS_PARTITION, _day)


def _day(document: Document) -> str:
    day = str(document.body["day"])
    if document.key != day_key(day):
        raise ValueError("the body does not belong to this key")
    return day


async def unlist(store: Store, day: str) -> None:
    """Takes a day without entries from the list."""
    await delete(store, HISTORY_COLLECTION, DAYS_PARTITION, day_key(day))

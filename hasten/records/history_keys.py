"""Names the partitions and keys of the history, and turns entries into documents.

Partitions: one for each day of the entries (UTC), one for each person and each group as an index,
one for the list of days, and one for the seals.

An entry has the same key in its day and in the indexes. The key begins with the time counted
backwards, so that the newest entry comes first. Until an entry is sealed, its day also has a mark
with a copy of it, in the order of time.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hasten.domain.changes import Cause
from hasten.domain.history import Entry, EntryKind, Filter, Steps
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.ports.store import Put
from hasten.records.fields import moment
from hasten.records.values import values

HISTORY_COLLECTION = "history"
DAYS_PARTITION = "days"
SEALS_PARTITION = "seals"

AT_PREFIX = "at|"
NEW_PREFIX = "new|"

END_OF_TIME = 10**16
"""Microseconds since 1970 in the year 2286. Keys count backwards from it. All entries lie between
1970 and then, so a time beyond either end comes before or after all of them."""

LAST_DAY = 99_999_999

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STEP_TIMES = ("noticed", "found", "called", "ended", "expected")


def key_of(entry: Entry) -> str:
    return f"{first_key(entry.at)}|{entry.id}"


def mark_of(entry: Entry) -> str:
    return f"{NEW_PREFIX}{_microseconds(entry.at):016}|{entry.id}"


def first_key(at: datetime) -> str:
    """Returns a key that comes before all entries at `at` or older, and after all newer ones."""
    return _backwards(_microseconds(at))


def end_key(at: datetime) -> str:
    """Returns a key that comes after all entries at `at` or newer, and before all older ones."""
    return _backwards(_microseconds(at) - 1)


def time_of(key: str) -> datetime:
    """Returns the time in a key. Raises ValueError if it is no key."""
    backwards, _, _ = key.partition("|")
    if not re.fullmatch(r"[0-9]{16}", backwards):
        raise ValueError(f"{key!r} is no place in the history")
    return EPOCH + timedelta(microseconds=END_OF_TIME - int(backwards))


def day_of(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def day_partition(day: str) -> str:
    return f"day|{day}"


def day_key(day: str) -> str:
    """Returns the key of a day in the list of days; the newest day comes first."""
    return f"{LAST_DAY - int(day.replace('-', '')):08}"


def index_partitions(entry: Entry) -> Sequence[str]:
    """Returns the indexes that hold the entry. DIRECT and OWN_ACCOUNT are no groups."""
    user = [user_partition(entry.user)] if is_object_id(entry.user) else []
    group = [group_partition(entry.group)] if is_object_id(entry.group) else []
    return user + group


def user_partition(user: str) -> str:
    return f"user|{user}"


def group_partition(group: str) -> str:
    return f"group|{group}"


def index_of(matches: Filter) -> str:
    """Returns the smallest index that holds all entries of a filter, "" if that is the days."""
    if is_object_id(matches.user):
        return user_partition(matches.user)
    return group_partition(matches.group) if is_object_id(matches.group) else ""


def puts_of(entry: Entry) -> list[Put]:
    body = body_of(entry)
    return [Put(AT_PREFIX + key_of(entry), body), Put(mark_of(entry), body)]


def body_of(entry: Entry) -> Json:
    body = values(entry)
    body["at"] = entry.at.isoformat()
    steps = {name: getattr(entry.steps, name) for name in STEP_TIMES}
    body["steps"] = {name: at.isoformat() for name, at in steps.items() if at is not None}
    body["details"] = dict(entry.details)
    body["causes"] = [values(cause) for cause in entry.causes]
    return {name: value for name, value in body.items() if value}


def parse(body: Json) -> Entry:
    fields: dict[str, Any] = dict(body)
    fields["at"] = moment(fields["at"])
    fields["kind"] = EntryKind(fields["kind"])
    steps = fields.get("steps", {})
    fields["steps"] = Steps(**{name: moment(at) for name, at in steps.items()})
    fields["causes"] = tuple(Cause(**cause) for cause in fields.get("causes", ()))
    return Entry(**fields)


def _backwards(microseconds: int) -> str:
    return f"{min(max(END_OF_TIME - microseconds, 0), END_OF_TIME - 1):016}"


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)

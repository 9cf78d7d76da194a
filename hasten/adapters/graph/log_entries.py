"""Reads the entries of a provisioning log one by one: an entry that cannot be read hurts no
other."""

from collections.abc import Collection, Iterable
from datetime import datetime

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import UnreadableError
from hasten.adapters.graph.shapes import set_instant
from hasten.domain.account import about
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.ports.directory_values import ProvisioningLog, UnreadEntry


def entry_of(job: str, subjects: Collection[str], shown: object) -> Json | UnreadEntry | None:
    """Returns an entry of the job that is about one of the objects `subjects`, or why it cannot be
    read. None stands for any other entry: a large log would not fit into memory. An entry that does
    not name its job belongs to the job that the request named."""
    entry = shown if isinstance(shown, dict) else {}
    named = entry.get("jobId")
    if isinstance(named, str) and named and named.casefold() != job.casefold():
        return None
    try:
        read = bodies.LOG_ENTRY.read(shown)
    except UnreadableError as error:
        return _unread(entry, error)
    return read if about(read) in subjects else None


def log_of(listed: Iterable[Json | UnreadEntry | None]) -> ProvisioningLog:
    """Returns the entries, newest first."""
    found = list(listed)
    unread = [one for one in found if isinstance(one, UnreadEntry)]
    entries = [one for one in found if one is not None and not isinstance(one, UnreadEntry)]
    return ProvisioningLog(sorted(entries, key=_activity_time, reverse=True), unread)


def _unread(entry: Json, error: UnreadableError) -> UnreadEntry:
    at, subject = entry.get("activityDateTime"), about(entry)
    return UnreadEntry(
        about=subject if is_object_id(subject) else "",
        at=None if set_instant(at) else datetime.fromisoformat(str(at)),
        problem=error.problem,
    )


def _activity_time(entry: Json) -> datetime:
    return datetime.fromisoformat(entry["activityDateTime"])

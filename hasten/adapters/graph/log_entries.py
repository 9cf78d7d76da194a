"""Reads the entries of a provisioning log one by one: an entry that cannot be read hurts no
other."""

from collections.abc import Iterable
from datetime import datetime

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import UnreadableError
from hasten.adapters.graph.shapes import set_instant
from hasten.domain.account import about
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.ports.directory_values import ProvisioningLog, UnreadEntry


def of_job(job: str, listed: Iterable[object]) -> ProvisioningLog:
    """Returns the entries of the job, newest first. An entry that does not name its job belongs to
    the job that the request named."""
    entries: list[Json] = []
    unread: list[UnreadEntry] = []
    for one in listed:
        entry = one if isinstance(one, dict) else {}
        named = entry.get("jobId")
        if isinstance(named, str) and named and named.casefold() != job.casefold():
            continue
        try:
            entries.append(bodies.LOG_ENTRY.read(one))
        except UnreadableError as error:
            unread.append(_unread(entry, error))
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

"""Turns outcomes and alerts into entries of the history."""

from datetime import datetime

from hasten.domain.changes import Cause
from hasten.domain.history import Entry, EntryKind, Steps, short
from hasten.domain.outcomes import ALERT
from hasten.json import Json


def entry_of(event: Json) -> Entry:
    """Returns the entry of an outcome or alert, which has the id and the time of the event. The
    event is as `hasten.domain.outcomes` builds it."""
    data = event["data"]
    times: dict[str, str] = dict(data["times"])
    steps = {name: datetime.fromisoformat(at) for name, at in times.items()}
    at = event["time"] or times.get("ended") or times["found"]
    return Entry(
        id=event["id"],
        at=datetime.fromisoformat(at),
        kind=EntryKind.ALERT if event["type"] == ALERT else EntryKind.OUTCOME,
        target=data["target"],
        user=data.get("user", ""),
        group=data["group"],
        action=data.get("action") or "",
        result=data["result"],
        reason=short(data["reason"]),
        next_action=short(data["nextAction"]),
        causes=tuple(Cause(c["source"], c["id"]) for c in data.get("causes", ())),
        found_by=data.get("foundBy") or "",
        steps=Steps(**steps),
    )

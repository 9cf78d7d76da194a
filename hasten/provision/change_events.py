"""What is told about a change each time its state moves."""

from hasten.domain.changes import Change, State
from hasten.ports.telemetry import Event


def ended(change: Change) -> Event:
    about: dict[str, object] = {
        "target": change.target,
        "group": change.group,
        "user": change.user,
        "action": change.action,
        "reason": change.reason,
        "next_action": change.next_action,
        "found_by": change.found_by,
    }
    if change.finished_at is not None:
        took = change.finished_at - change.noticed_at
        about["seconds"] = round(took.total_seconds(), 3)
    return Event("change", change.state, about, problem=change.state is State.FAILED)

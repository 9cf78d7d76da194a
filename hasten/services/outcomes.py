"""What is told about a change each time its state moves."""

from hasten.domain.changes import Change, State
from hasten.ports.telemetry import Event


def ended(change: Change) -> Event:
    about = {
        "target": change.target,
        "group": change.group,
        "user": change.user,
        "action": change.action,
        "reason": change.reason,
        "next_action": change.next_action,
    }
    return Event("change", change.state, about, problem=change.state is State.FAILED)

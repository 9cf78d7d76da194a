"""The event that Hasten emits each time the state of a change moves."""

from hasten.domain.changes import Change
from hasten.telemetry.provision import ChangeMoved


def ended(change: Change) -> ChangeMoved:
    took = None if change.finished_at is None else change.finished_at - change.noticed_at
    return ChangeMoved(
        result=change.state,
        target=change.target,
        group=change.group,
        user=change.user,
        action=change.action,
        reason=change.reason,
        next_action=change.next_action,
        found_by=change.found_by,
        seconds=None if took is None else round(took.total_seconds(), 3),
    )

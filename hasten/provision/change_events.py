"""Emits an event each time a change gets another state."""

from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.outcomes import NOT_TAKEN, UNPROVEN, of_person
from hasten.telemetry.provision import ChangeMoved, GrantDoubted, RevocationDoubt, RevocationDoubted


def emit_moved(context: Context, change: Change) -> None:
    """Emits the new state of the change. A removal that failed also raises an alert, because the
    user may still have access. `seconds` runs from the notification to the end, or to the proof."""
    ended = context.now() if change.state is State.CONFIRMED else change.finished_at
    took = None if ended is None else ended - change.noticed_at
    context.emit(
        ChangeMoved(
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
    )
    if change.is_removal and change.state is State.FAILED:
        emit_doubt(context, change, NOT_TAKEN)


def emit_doubt(context: Context, change: Change, name: RevocationDoubt) -> None:
    """Emits the alert `name` about a removal: the user may still have access."""
    context.emit(
        RevocationDoubted(
            result=name,
            target=change.target,
            group=change.group,
            user=change.user,
            reason=change.reason,
        )
    )


async def alert_unproven(context: Context, removals: Sequence[Change]) -> None:
    """Publishes and emits an alert about each removal, of which nothing shows that it is done. Call
    before the rows are written: a crash in between repeats the same alerts."""
    now = context.now()
    await context.outbox.publish([of_person(UNPROVEN, row, now=now) for row in removals])
    for row in removals:
        emit_doubt(context, row, UNPROVEN)


def emit_grant_doubt(context: Context, change: Change) -> None:
    """Emits the alert `grant_unproven`: the user may lack access."""
    context.emit(
        GrantDoubted(
            target=change.target,
            group=change.group,
            user=change.user,
            reason=change.reason,
            next_action=change.next_action,
        )
    )

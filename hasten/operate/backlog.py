"""Measures the backlog of a target from the store, once a minute."""

from collections.abc import Sequence
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Change, HeldBy, State
from hasten.domain.removal_settlement import ASSIGNMENTS_READ_AGAIN
from hasten.operate.stuck import standstill
from hasten.records import call_window, subscriptions
from hasten.records.discovered import DiscoveredTarget
from hasten.telemetry.operate import BacklogMeasured


async def backlog(
    context: Context, found: DiscoveredTarget, rows: Sequence[Change]
) -> BacklogMeasured:
    """Returns the backlog of the target. `rows` are its open changes; ages and times left are in
    seconds. A held change waits for an operator and may grow old, so it is counted but never is the
    oldest: an alert of the brake has said so. No alert has told an operator what observe mode has
    held, so that it ages like any other once the target makes calls. A leaver who keeps another
    assignment has been called; the row ages from the time of the second call.

    Raises TemporaryError of the store.
    """
    now = context.now()
    target = context.targets.get(found.target)
    acts = target is not None and not target.observes
    held = [row for row in rows if row.state is State.HELD]
    unsaid = [row for row in held if acts and row.held_by is HeldBy.OBSERVE]
    waiting = [*unsaid, *(row for row in rows if row.state is not State.HELD)]
    return BacklogMeasured(
        target=found.target,
        open=len(rows),
        held=len(held),
        oldest_change=_oldest(waiting, now),
        oldest_revocation=_oldest([row for row in waiting if row.is_removal], now),
        overdue=round(standstill(rows, now).total_seconds(), 1),
        throttled_for=_until(await call_window.not_before(context.store, found.target), now),
        subscription_left=await _subscription_left(context, found, now),
    )


async def _subscription_left(
    context: Context, found: DiscoveredTarget, now: datetime
) -> float | None:
    """Returns the seconds until the first watched group loses its subscription; None if no group is
    watched."""
    records = await subscriptions.load_all(context.store)
    ends = [
        max((r.expires for r in records if r.covers(group)), default=now) for group in found.watched
    ]
    return min((_until(end, now) for end in ends), default=None)


def _oldest(rows: Sequence[Change], now: datetime) -> float:
    return max((_until(now, _waits_since(row)) for row in rows), default=0.0)


def _waits_since(row: Change) -> datetime:
    """A second call that cannot be made ages like any other: its row says why."""
    is_next = row.keeps_assignment and row.state is State.PENDING
    is_called_again = is_next or row.reason == ASSIGNMENTS_READ_AGAIN
    return max(row.noticed_at, row.due_at) if is_called_again else row.noticed_at


def _until(end: datetime, start: datetime) -> float:
    return max(0.0, round((end - start).total_seconds(), 1))

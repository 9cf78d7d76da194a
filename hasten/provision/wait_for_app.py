"""Keeps removals open that only the app can carry out at the moment, and that it has not yet: the
user is out of Entra's reach, and a later request to the app may take the access."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hasten.domain.app_revocation import NEEDS_OPERATOR, NOT_SERVED, AppRevocationResult
from hasten.domain.changes import Change
from hasten.domain.planning import OUT_OF_REACH
from hasten.domain.row_states import waiting
from hasten.provision.removal_status import RemovalStatus
from hasten.provision.state import Drain

APP_PAUSE = timedelta(minutes=5)
"""Minimum delay before Hasten asks the app again about somebody out of Entra's reach."""

CHANGED_PAUSE = timedelta(seconds=5)
"""Delay before Hasten turns to the app again for somebody who was disabled or deleted since it
tried. Lagging replicas may show such a person as enabled and as disabled in turn."""

MAX_REFUSED_WAIT = timedelta(hours=1)
"""Time for which Hasten asks an app that refuses. Entra's own cycle comes about every 40 minutes
(Entra docs); from then on Hasten watches what it does, and returns to the app if it is overdue."""

OUT_SINCE = "the user is disabled or deleted since Hasten turned to the app, and it does so again"


async def without_waiting_for_app(
    drain: Drain, removals: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Lets the removals wait that the app may carry out later, and returns the others. Hasten asks
    an app that does not answer however often, because nothing else is as soon. It left somebody
    who was still assigned to the calls: once they are out of their reach, the app is next."""
    kept = [row for row in removals if _waits(drain, row, known[row.user])]
    drain.postpones(await drain.ledger.move(kept, lambda row: _paused(drain, row)))
    for user in {row.user for row in kept if _was_assigned(drain, row)}:
        del drain.handed_back[user]
    gone = frozenset(kept)
    return [row for row in removals if row not in gone]


def also_in_app(drain: Drain, row: Change, reason: str) -> str:
    """Returns why no call can carry out the removal, and why the app has not either."""
    met = drain.met_in_app(row.user)
    return reason if met is None or _was_assigned(drain, row) else f"{reason}; {met.reason}"


def _waits(drain: Drain, row: Change, status: RemovalStatus) -> bool:
    met = drain.met_in_app(row.user)
    if met is None or status.standing not in OUT_OF_REACH:
        return False
    if met.result in NEEDS_OPERATOR:
        return drain.now - row.found_at < MAX_REFUSED_WAIT
    return met.result in NOT_SERVED or _was_assigned(drain, row)


def _was_assigned(drain: Drain, row: Change) -> bool:
    """Returns whether Hasten changed nothing in the app because the user was still assigned."""
    met = drain.handed_back.get(row.user)
    return met is not None and met.result is AppRevocationResult.STILL_ASSIGNED


def _paused(drain: Drain, row: Change) -> Change:
    met = drain.met_in_app(row.user)
    if met is None:
        return row
    if _was_assigned(drain, row):
        return waiting(row, due_at=drain.now + CHANGED_PAUSE, reason=OUT_SINCE)
    due_at = drain.now + max(APP_PAUSE, met.delay or APP_PAUSE)
    return waiting(row, due_at=due_at, reason=met.reason, next_action=met.next_action)

"""Keeps removals open that only the app can carry out at the moment, and that it has not yet: the
user is out of Entra's reach, and a later request to the app may take the access."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hasten.domain.app_revocation import NEEDS_OPERATOR
from hasten.domain.changes import Change
from hasten.domain.planning import OUT_OF_REACH
from hasten.domain.row_states import waiting
from hasten.provision.removal_status import RemovalStatus
from hasten.provision.state import Drain

APP_PAUSE = timedelta(minutes=5)
"""Minimum delay before Hasten asks the app again about somebody out of Entra's reach."""

MAX_REFUSED_WAIT = timedelta(hours=1)
"""Time for which Hasten asks an app that refuses. Entra's own cycle comes about every 40 minutes
(Entra docs); from then on Hasten watches what it does, and returns to the app if it is overdue."""


async def without_waiting_for_app(
    drain: Drain, removals: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Lets the removals wait that the app may carry out later, and returns the others. Hasten asks
    an app that does not answer however often, because nothing else is as soon."""
    kept = [row for row in removals if _waits(drain, row, known[row.user])]
    drain.postpones(await drain.ledger.move(kept, lambda row: _paused(drain, row)))
    gone = frozenset(kept)
    return [row for row in removals if row not in gone]


def also_in_app(drain: Drain, row: Change, reason: str) -> str:
    """Returns why no call can carry out the removal, and why the app has not either."""
    met = drain.met_in_app(row.user)
    return reason if met is None else f"{reason}; {met.reason}"


def _waits(drain: Drain, row: Change, status: RemovalStatus) -> bool:
    met = drain.met_in_app(row.user)
    if met is None or status.standing not in OUT_OF_REACH:
        return False
    return met.result not in NEEDS_OPERATOR or drain.now - row.found_at < MAX_REFUSED_WAIT


def _paused(drain: Drain, row: Change) -> Change:
    met = drain.met_in_app(row.user)
    if met is None:
        return row
    due_at = drain.now + max(APP_PAUSE, met.delay or APP_PAUSE)
    return waiting(row, due_at=due_at, reason=met.reason, next_action=met.next_action)

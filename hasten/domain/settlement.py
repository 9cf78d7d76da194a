"""From a verdict to the next state of the changes it answers for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.domain.changes import (
    DIRECT,
    Change,
    State,
    finished,
    left_to_cycle,
    retried,
    waiting,
)
from hasten.domain.planning import Call
from hasten.domain.verdicts import UNREADABLE, Result, Verdict
from hasten.limits import WINDOW

REPLICATION_LADDER = tuple(timedelta(seconds=s) for s in (15, 30, 60, 120, 240))
"""Entra honours a new assignment on demand only after "up to a few minutes" (Entra docs)."""

ATTEMPTS_TOGETHER = 3
"""Calls that name several people before each is tried alone: a group that was only just assigned
is refused as a whole, and splitting at once would spend five calls to learn that."""

MAX_TRANSIENT_ATTEMPTS = 10
PERMISSION_PAUSE = timedelta(minutes=15)
"""A grant of permission by an admin is noticed this late at the latest."""

NOT_ENTITLED = "check that the user is a direct member of a group assigned to the app"
STILL_ASSIGNED = "Entra still counts the user as assigned"
"""It has not seen yet that they left, or they were assigned in another way meanwhile: each try is
planned anew."""

TAKEN = "Entra does not count the user as assigned yet, and disabled the account"
NOT_REMOVED = "none: Entra's own cycle takes the user out of the group in the app"

Backoff = Callable[[int], timedelta]
"""Attempt number from 1 on → how long to wait, jitter included."""


def settle(  # noqa: C901, PLR0912 - a case for each result
    change: Change,
    call: Call,
    verdict: Verdict,
    *,
    now: datetime,
    backoff: Backoff,
    is_fresh: bool = False,
    next_cycle: datetime | None = None,
) -> Change:
    """The row after its call. A row that waits keeps the reason.

    `is_fresh`: the group was assigned so lately that Entra may not know it yet. `next_cycle`:
    when Entra's own next cycle should be over.
    """
    change = replace(change, answer=verdict.evidence)
    verdict = _of_grant(verdict) if not change.is_removal else verdict
    match verdict.result:
        case Result.SUCCEEDED | Result.IN_SYNC if call.then_group and change.group != DIRECT:
            return replace(change, state=State.PENDING, user_called=True, due_at=now)
        case Result.IN_SYNC if call.disables and change.attempts < len(REPLICATION_LADDER):
            due = now + REPLICATION_LADDER[change.attempts]
            return retried(change, due_at=due, reason=STILL_ASSIGNED)
        case Result.SUCCEEDED | Result.IN_SYNC:
            ended = finished(change, State(verdict.result), now=now, reason=verdict.reason)
            return replace(ended, needs_proof=verdict.result is Result.SUCCEEDED)
        case Result.NOT_ENTITLED if change.is_removal and call.group is None:
            return finished(
                change, State.IN_SYNC, now=now, reason="not entitled: nothing is left to revoke"
            )
        case Result.THROTTLED:
            return waiting(
                change, due_at=now + (verdict.retry_after or WINDOW), reason=verdict.reason
            )
        case Result.REROUTED:
            return replace(change, state=State.PENDING, due_at=now)
        case Result.NOT_PERMITTED | Result.UNKNOWN_JOB:
            return waiting(
                change,
                due_at=now + PERMISSION_PAUSE,
                reason=verdict.reason,
                next_action=verdict.next_action,
            )
        case Result.UNAVAILABLE if not _is_hopeless(change, verdict):
            due = now + max(verdict.retry_after or timedelta(0), backoff(change.attempts + 1))
            again = retried(change, due_at=due, reason=verdict.reason)
            is_tried_alone = verdict.code == UNREADABLE and again.attempts >= ATTEMPTS_TOGETHER
            return replace(again, alone=change.alone or is_tried_alone)
        case Result.NOT_ENTITLED if change.attempts < len(REPLICATION_LADDER):
            due = now + REPLICATION_LADDER[change.attempts]
            return replace(
                retried(change, due_at=due, reason=verdict.reason),
                alone=change.attempts + 1 >= ATTEMPTS_TOGETHER and not is_fresh,
            )
        case _ if len(call.users) > 1:
            # One verdict for several people names nobody: each gets a call of its own.
            return replace(change, state=State.PENDING, due_at=now, alone=True)
        case Result.TRANSIENT if change.is_removal or change.attempts < MAX_TRANSIENT_ATTEMPTS:
            due = now + (verdict.retry_after or backoff(change.attempts + 1))
            return retried(change, due_at=due, reason=verdict.reason)
        case Result.NOT_ENTITLED:
            return finished(
                change,
                State.LEFT_TO_CYCLE,
                now=now,
                reason=verdict.reason,
                next_action=NOT_REMOVED if change.is_removal else NOT_ENTITLED,
            )
        case Result.DISABLED:
            return left_to_cycle(
                change,
                now=now,
                reason=verdict.reason,
                next_action=verdict.next_action,
                expected_at=next_cycle,
            )
        case Result.TRANSIENT | Result.FAILED | Result.UNAVAILABLE:
            return finished(
                change,
                State.FAILED,
                now=now,
                reason=verdict.reason,
                next_action=verdict.next_action,
            )


def _is_hopeless(change: Change, verdict: Verdict) -> bool:
    """A grant whose every answer is unreadable, also when it is called alone. An outage is waited
    for, and a revocation is never given up."""
    is_last = change.attempts >= MAX_TRANSIENT_ATTEMPTS
    return verdict.code == UNREADABLE and is_last and not change.is_removal


def _of_grant(verdict: Verdict) -> Verdict:
    """A user call before Entra knows the assignment takes away what is left of an earlier one."""
    return replace(verdict, result=Result.NOT_ENTITLED, reason=TAKEN) if verdict.took else verdict

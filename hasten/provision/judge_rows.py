"""Judges the rows that wait for proof: what the provisioning log says, and whether a cycle has run,
decides what becomes of each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.app_proof import LOG_SHOWS_CYCLE, unshown
from hasten.domain.changes import DIRECT, Change, State
from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL, Cycle
from hasten.domain.proof import PROOF_TIMEOUT, Proof, Says
from hasten.domain.removal_settlement import (
    NOTHING_SHOWN_AFTER_CYCLE,
    never_shown,
    not_taken,
)
from hasten.domain.row_states import finished, left_to_cycle, released, retried, returned
from hasten.provision.triage import CYCLE_HAS_ENDED
from hasten.records.discovered import DiscoveredTarget

MOST_RETRIES = 3
"""Maximum number of repeated calls after the log contradicts an answer, or after a cycle did not
provision the row."""

OVERDUE_AFTER = timedelta(hours=1)
"""Grace period after the time at which Entra's own cycle should have provisioned the row."""

SILENT_LOG = (
    "Entra answered with success; within a day Hasten could read no entry of the log about it"
)
TAKEN_BACK = (
    "Entra's own cycle should have done it by now, and the job shows no complete one since the "
    "change"
)
CYCLE_HAS_DONE_IT = "Entra's own cycle has done it"
STILL_LEFT_OUT = "Entra answered with success, and the log names other members only"

Judge = Callable[[Context, Change, Proof, Cycle], Change | None]
"""Returns the new state of a row; None leaves the row as it is."""


def _answered(context: Context, row: Change, says: Proof, known: Cycle) -> Change | None:
    """Judges a row whose answer was a success. A grant of which the log says nothing ends when a
    cycle has run. So does the wait for a contradiction of a row that is in sync."""
    now = context.now()
    may_retry = row.contradicted < MOST_RETRIES
    match says.says:
        case Says.CONFIRMED:
            return _proven(row, State.CONFIRMED, now, says.reason)
        case Says.CONTRADICTED if may_retry and (row.is_removal or says.passes):
            times = row.contradicted + 1
            again = retried(row, due_at=now + context.backoff(times), reason=says.reason)
            return replace(
                again,
                contradicted=times,
                cycle_showed_nothing=False,
                needs_proof=False,
                finished_at=None,
            )
        case Says.CONTRADICTED if row.is_removal:
            return not_taken(row, now=now, reason=says.reason)
        case Says.CONTRADICTED:
            return _refused(row, says, now)
        case Says.SKIPPED if known.covers(row) and says.passes:
            return _alone(row, says, now) if may_retry else _refused(row, says, now)
        case Says.SKIPPED if known.covers(row) or _is_old(row, now):
            return replace(row, needs_proof=False, reason=says.reason, next_action=says.next_action)
        case Says.UNSHOWN:
            return unshown(row, says, now=now)
        case Says.LEFT_OUT if may_retry:
            return _alone(row, says, now)
        case Says.LEFT_OUT:
            return left_to_cycle(
                row,
                now=now,
                reason=STILL_LEFT_OUT,
                next_action=known.next_step(),
                expected_at=known.planned_by(now),
            )
        case Says.NOTHING if _is_old(row, now):
            return replace(row, needs_proof=False, reason=row.reason or SILENT_LOG)
        case Says.NOTHING if known.covers(row) and row.state is State.IN_SYNC:
            return replace(row, needs_proof=False)
        case Says.NOTHING if known.covers(row) and not row.is_removal:
            return _proven(row, State.DONE_BY_CYCLE, now, CYCLE_HAS_DONE_IT)
    return None


def _left(context: Context, row: Change, says: Proof, known: Cycle) -> Change | None:
    """Judges a row that was left to the cycle: the cycle has provisioned it, or Hasten takes it
    back. A completed cycle is enough for a grant, unless the log shows otherwise. A removal needs
    the log, or else the answer to a call. A job with errors may never show a complete cycle, so a
    grant whose calls were all left to it keeps what the last one said."""
    now = context.now()
    if row.is_removal and says.says is Says.CONFIRMED:
        return _proven(row, State.DONE_BY_CYCLE, now, says.reason or LOG_SHOWS_CYCLE)
    if says.says is Says.UNSHOWN:
        return unshown(row, says, now=now)
    if known.covers(row) and not row.is_removal:
        return _covered(row, says, now)
    is_doubted = says.says in {Says.CONTRADICTED, Says.LEFT_OUT} and row.keeps_assignment
    if is_doubted and row.contradicted < MOST_RETRIES:
        return _alone(row, says, now)
    if known.covers(row) and row.keeps_assignment:
        ended = replace(never_shown(row, now=now), needs_proof=False)
        return replace(ended, reason=says.reason) if is_doubted else ended
    if not is_late(row, now) and not known.covers(row):
        return None
    reason = NOTHING_SHOWN_AFTER_CYCLE if known.covers(row) else TAKEN_BACK
    if row.is_removal and row.contradicted >= MOST_RETRIES:
        return not_taken(row, now=now, reason=reason)
    if row.held_by is not None and not row.is_removal:  # no operator has released it
        return replace(row, needs_proof=False) if _is_old(row, now) else None
    if row.called_at is not None and not row.is_removal and row.contradicted >= MOST_RETRIES:
        return replace(row, needs_proof=False)
    return replace(_again(row, reason, now), cycle_showed_nothing=known.covers(row))


def _covered(row: Change, says: Proof, now: datetime) -> Change:
    """Returns a grant after a cycle that could see it. Of a doubt that may be right, such as the
    skip of a user who is disabled, the row ends without any claim and without another call. A row
    that still wanted a call when the cycle had ended gets it. One that was held then did not: no
    operator has released it."""
    if says.says is Says.CONTRADICTED and not says.passes:
        return _refused(row, says, now)
    is_skipped = says.says is Says.SKIPPED and says.passes
    if is_skipped or says.says in {Says.CONTRADICTED, Says.LEFT_OUT}:
        wanted_call = row.reason == CYCLE_HAS_ENDED and row.held_by is None
        may_retry = wanted_call and row.contradicted < MOST_RETRIES
        return _alone(row, says, now) if may_retry else _doubted(row, says)
    return _proven(row, State.DONE_BY_CYCLE, now, CYCLE_HAS_DONE_IT)


def _doubted(row: Change, says: Proof) -> Change:
    """Returns a grant in its state, with what the log shows in place of a proof."""
    return replace(row, needs_proof=False, reason=says.reason, next_action=says.next_action)


def _refused(row: Change, says: Proof, now: datetime) -> Change:
    """Returns a grant as failed, for the reason that the log gives."""
    failed = finished(row, State.FAILED, now=now, reason=says.reason, next_action=says.next_action)
    return replace(failed, needs_proof=False)


def _alone(row: Change, says: Proof, now: datetime) -> Change:
    """Returns the row to be called again, without others: the answer is then about the user."""
    return replace(_again(row, says.reason, now), alone=True)


def _again(row: Change, reason: str, now: datetime) -> Change:
    """Returns the row to be called again. Whether a leaver keeps an assignment is read again."""
    return replace(
        released(row, now=now),
        reason=reason,
        needs_proof=False,
        finished_at=None,
        expected_at=None,
        keeps_assignment=False,
        contradicted=row.contradicted + 1,
    )


def _failed(context: Context, row: Change, says: Proof, _: Cycle) -> Change | None:
    """Judges a removal that failed. Something else may have disabled the account since."""
    now = context.now()
    if says.says is Says.CONFIRMED:
        return _proven(row, State.CONFIRMED, now, says.reason)
    return replace(row, needs_proof=False) if _is_old(row, now) else None


def _held(context: Context, row: Change, says: Proof, known: Cycle) -> Change | None:
    """Judges a row that the brake holds. The brake holds Hasten's calls, not Entra's own cycle."""
    if known.covers(row) and says.says is Says.CONFIRMED:
        return _proven(row, State.DONE_BY_CYCLE, context.now(), says.reason or LOG_SHOWS_CYCLE)
    return None


JUDGES: Mapping[State, Judge] = {
    State.SUCCEEDED: _answered,
    State.IN_SYNC: _answered,
    State.LEFT_TO_CYCLE: _left,
    State.FAILED: _failed,
    State.HELD: _held,
}


def judged(
    context: Context,
    found: DiscoveredTarget,
    row: Change,
    says: Proof,
    known: Cycle,
    *,
    reached: str = "",
) -> Change | None:
    """Returns the new state of the row; None leaves it as it is. `reached` is why Hasten can carry
    out now what it has left to the cycle; a call that it has made before was in vain."""
    if _takes_nothing(row, found) and says.says is not Says.CONFIRMED:
        is_over = known.covers(row) or is_late(row, context.now())
        return replace(row, needs_proof=False) if is_over else None
    may_be_done = known.covers(row) and not row.is_removal
    if reached and says.says is not Says.CONFIRMED and not may_be_done:
        again = returned(row, now=context.now(), reason=reached)
        was_in_vain = row.called_at is not None
        return replace(again, contradicted=row.contradicted + was_in_vain)
    return JUDGES[row.state](context, row, says, known)


def _takes_nothing(row: Change, found: DiscoveredTarget) -> bool:
    """Returns whether the cycle has nothing to take from a leaver who keeps another assignment: a
    direct assignment is no membership in the app, and a job without a rule for groups gives
    none."""
    is_kept = row.state is State.LEFT_TO_CYCLE and row.is_removal and row.keeps_assignment
    return is_kept and (row.group == DIRECT or found.group_rule is None)


def _proven(row: Change, state: State, now: datetime, reason: str = "") -> Change:
    return replace(finished(row, state, now=now, reason=reason), needs_proof=False)


def is_late(row: Change, now: datetime) -> bool:
    """Returns whether Hasten waits no longer for what the log may show of the row: the cycle to
    which it was left is overdue, or its call is too long ago."""
    if row.state is not State.LEFT_TO_CYCLE:
        return _is_old(row, now)
    expected_at = row.expected_at or (row.finished_at or row.found_at) + DEFAULT_CYCLE_INTERVAL
    return now >= expected_at + OVERDUE_AFTER


def _is_old(row: Change, now: datetime) -> bool:
    return now - (row.called_at or row.found_at) > PROOF_TIMEOUT

"""Computes the next state of the changes that a verdict answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.domain.account import Account
from hasten.domain.app_grant_proof import CHECK_GRANT
from hasten.domain.changes import DIRECT, Change, State
from hasten.domain.connector_errors import NEXT_ACTIONS, NOT_EFFECTIVELY_ENTITLED
from hasten.domain.planning import Call
from hasten.domain.removal_settlement import REASON_BY_ACCOUNT, revoked
from hasten.domain.row_states import finished, left_to_cycle, retried, waiting
from hasten.domain.verdicts import THROTTLED_REASON, UNREADABLE, Result, Verdict
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, CALL_AGAIN_DELAYS, CALL_WINDOW

SHARED_CALL_ATTEMPTS = 3
"""Calls that name several users before each user is tried alone. Entra refuses a newly assigned
group as a whole, and splitting at once would spend five calls to find that out."""

UPDATE_TRIES = 2
"""Calls for an update that Entra answers with "in sync" before Hasten believes it. Entra may not
have seen the new value yet, and an update is not worth more calls."""

MAX_TRANSIENT_ATTEMPTS = 10
PERMISSION_PAUSE = timedelta(minutes=15)
"""Maximum time until Hasten notices that an admin has granted a permission."""

NOT_ENTITLED = NEXT_ACTIONS[NOT_EFFECTIVELY_ENTITLED]
CHANGE_NOT_SEEN_YET = "Entra may not have seen the change yet"
IN_SYNC_WITHOUT_ACCOUNT = "Entra answered that the app is in sync, and shows no active account"
ACCOUNT_DISABLED_EARLY = (
    "Entra does not count the user as assigned yet, and disabled the account or was about to"
)

ANSWERS_A_REMOVAL = frozenset({Result.SUCCEEDED, Result.IN_SYNC, Result.NOT_ENTITLED})

Backoff = Callable[[int], timedelta]
"""Attempt number, from 1 on → time to wait, jitter included."""


def settle(
    change: Change,
    call: Call,
    verdict: Verdict,
    *,
    now: datetime,
    backoff: Backoff,
    is_fresh: bool = False,
    may_split: bool = False,
    next_cycle: datetime | None = None,
) -> Change:
    """Returns the row after its call. A row that waits keeps the reason.

    `is_fresh` means that the group was assigned so recently that Entra may not know it yet.
    `may_split` means that Graph may have refused the call because of one of its several users:
    each of them may then get a call of their own. `next_cycle` is when Entra's own next cycle
    should be over.
    """
    said = verdict.steps if change.on_request else ()
    change = replace(change, answer=verdict.evidence, steps=said)
    if change.is_removal and _answers_a_removal(verdict):
        return _to_be_proven(revoked(change, call, verdict, now=now), verdict)
    verdict = verdict if change.is_removal else _of_grant(verdict)
    reason, next_action = verdict.reason, verdict.next_action
    match verdict.result:
        case Result.SUCCEEDED | Result.IN_SYNC:
            return _granted(change, call, verdict, now)
        case Result.THROTTLED:
            due = now + (verdict.retry_after or CALL_WINDOW)
            is_tried_alone = may_split and change.reason.startswith(THROTTLED_REASON)
            throttled = waiting(change, due_at=due, reason=reason)
            return replace(throttled, alone=change.alone or is_tried_alone)
        case Result.REROUTED:
            return replace(change, state=State.PENDING, due_at=now)
        case Result.NOT_PERMITTED | Result.UNKNOWN_JOB if may_split:
            return replace(change, state=State.PENDING, due_at=now, alone=True)
        case Result.NOT_PERMITTED | Result.UNKNOWN_JOB:
            due = now + PERMISSION_PAUSE
            return waiting(change, due_at=due, reason=reason, next_action=next_action)
    again = _called_again(
        change, call, verdict, now, backoff, is_fresh=is_fresh, may_split=may_split
    )
    return again or _given_up(change, call, verdict, now, next_cycle)


def _granted(change: Change, call: Call, verdict: Verdict, now: datetime) -> Change:
    """Returns the row after Entra answered that the user has what the row wants. Hasten may doubt
    that, or the row may want more calls."""
    tries = change.attempts
    if call.then_group and _is_of_group(change):
        return replace(change, state=State.PENDING, user_called=True, due_at=now)
    if verdict.result is Result.IN_SYNC:
        if _may_be_early(change, call, verdict, change.called_at or now):
            due = now + CALL_AGAIN_DELAYS[tries]
            return retried(change, due_at=due, reason=CHANGE_NOT_SEEN_YET)
        if _contradicts_itself(change, call, verdict):
            reason = IN_SYNC_WITHOUT_ACCOUNT
            if tries < len(CALL_AGAIN_DELAYS):
                return retried(change, due_at=now + CALL_AGAIN_DELAYS[tries], reason=reason)
            return finished(change, State.FAILED, now=now, reason=reason, next_action=CHECK_GRANT)
    if change.has_more_calls:
        following = replace(change, state=State.PENDING, served=change.served + 1, due_at=now)
        return replace(following, attempts=0, alone=False)
    ended = finished(change, State(verdict.result), now=now, reason=verdict.reason)
    is_updated = change.is_update and verdict.result is Result.IN_SYNC
    return replace(ended, needs_proof=not (is_updated or _shows_in_sync(call, verdict)))


def _called_again(
    change: Change,
    call: Call,
    verdict: Verdict,
    now: datetime,
    backoff: Backoff,
    *,
    is_fresh: bool,
    may_split: bool,
) -> Change | None:
    """Returns the row if another call may have another answer; None if nothing more is to be
    expected from calls."""
    tries, reason = change.attempts, verdict.reason
    match verdict.result:
        case Result.UNAVAILABLE if not _is_hopeless(change, verdict):
            due = now + max(verdict.retry_after or timedelta(0), backoff(tries + 1))
            again = retried(change, due_at=due, reason=reason)
            blames_users = may_split or verdict.code == UNREADABLE
            is_tried_alone = blames_users and again.attempts >= SHARED_CALL_ATTEMPTS
            return replace(again, alone=change.alone or is_tried_alone)
        case Result.NOT_ENTITLED if tries < len(CALL_AGAIN_DELAYS):
            again = retried(change, due_at=now + CALL_AGAIN_DELAYS[tries], reason=reason)
            return replace(again, alone=tries + 1 >= SHARED_CALL_ATTEMPTS and not is_fresh)
        case Result.DISABLED if _may_be_unseen(change, now):
            due = now + CALL_AGAIN_DELAYS[tries]
            return retried(change, due_at=due, reason=CHANGE_NOT_SEEN_YET)
        case _ if len(call.users) > 1:
            # One verdict for several users does not say whom it concerns: each user gets a call of
            # their own.
            return replace(change, state=State.PENDING, due_at=now, alone=True)
        case Result.DISABLED if _may_be_enabled(change, call, verdict):
            due = now + CALL_AGAIN_DELAYS[tries]
            return retried(change, due_at=due, reason=CHANGE_NOT_SEEN_YET)
        case Result.TRANSIENT if change.is_removal or tries < MAX_TRANSIENT_ATTEMPTS:
            due = now + (verdict.retry_after or backoff(tries + 1))
            return retried(change, due_at=due, reason=reason)
        case Result.FAILED if _may_pass(change, verdict):
            due = now + CALL_AGAIN_DELAYS[tries]
            return retried(change, due_at=due, reason=reason)
    return None


def _given_up(
    change: Change, call: Call, verdict: Verdict, now: datetime, next_cycle: datetime | None
) -> Change:
    """Returns the row after the last call for it."""
    reason, next_action = verdict.reason, verdict.next_action
    if verdict.result is Result.NOT_ENTITLED:
        left = State.LEFT_TO_CYCLE
        return finished(change, left, now=now, reason=reason, next_action=NOT_ENTITLED)
    if verdict.result is Result.DISABLED:
        if _shows_out(call, verdict):
            shown = REASON_BY_ACCOUNT[verdict.account]
            return _to_be_proven(finished(change, State.IN_SYNC, now=now, reason=shown), verdict)
        return left_to_cycle(
            change, now=now, reason=reason, next_action=next_action, expected_at=next_cycle
        )
    keeps = change.is_removal and not call.disables
    ended = finished(change, State.FAILED, now=now, reason=reason, next_action=next_action)
    return replace(ended, needs_proof=change.is_removal, keeps_assignment=keeps)


def _to_be_proven(change: Change, verdict: Verdict) -> Change:
    """Returns the row as it ends. No document shows how Entra says that the app has no account, so
    the provisioning log may still contradict it."""
    is_absent = change.state is State.IN_SYNC and verdict.account is Account.ABSENT
    return replace(change, needs_proof=True) if is_absent else change


def _answers_a_removal(verdict: Verdict) -> bool:
    """Returns whether the answer is a success or a skip. A skip for a reason that Hasten does not
    know proves as little as one that it knows."""
    is_other_skip = verdict.is_skip and verdict.result is Result.FAILED
    return is_other_skip or verdict.result in ANSWERS_A_REMOVAL


def _may_be_early(change: Change, call: Call, verdict: Verdict, called_at: datetime) -> bool:
    """Returns whether "in sync" may describe the state before the change: Entra may have read the
    directory as soon as it was called. For a user call the matching step decides: it shows an
    active account. It does not show whether an update of the profile has arrived."""
    is_new = called_at - change.seen_at < ASSIGNMENT_COUNTS_WITHIN
    if change.is_update:
        return is_new and change.attempts < UPDATE_TRIES
    is_in_doubt = not _shows_in_sync(call, verdict)
    return is_new and is_in_doubt and change.attempts < len(CALL_AGAIN_DELAYS)


def _shows_in_sync(call: Call, verdict: Verdict) -> bool:
    """Returns whether the answer shows that the user is in sync. That of a group call is about the
    group, and shows nothing about its members."""
    is_shown = call.group is None and verdict.account is Account.ACTIVE
    return verdict.result is Result.IN_SYNC and is_shown


def _contradicts_itself(change: Change, call: Call, verdict: Verdict) -> bool:
    """Returns whether Entra calls a grant in sync by an answer that shows no active account."""
    return call.group is None and not change.is_update and verdict.account.is_out


def _may_be_unseen(change: Change, now: datetime) -> bool:
    """Returns whether Entra may not know yet that the user is enabled again."""
    is_new = now - change.seen_at < ASSIGNMENT_COUNTS_WITHIN
    return change.action.gives_access_again and is_new and change.attempts < len(CALL_AGAIN_DELAYS)


def _may_be_enabled(change: Change, call: Call, verdict: Verdict) -> bool:
    """Returns whether Entra skipped a leaver as disabled whom Graph showed enabled just before: it
    may not know yet that they are enabled again. An account that is out needs no other call."""
    is_enabled = change.is_removal and not call.only_asks
    has_tries = change.attempts < len(CALL_AGAIN_DELAYS)
    return is_enabled and has_tries and not _shows_out(call, verdict)


def _shows_out(call: Call, verdict: Verdict) -> bool:
    return call.disables and verdict.account.is_out


def _is_of_group(change: Change) -> bool:
    return change.group != DIRECT and not change.is_of_person


def _is_hopeless(change: Change, verdict: Verdict) -> bool:
    """Returns whether every answer to a grant was unreadable, also when it was called alone. Hasten
    waits for the end of an outage, and never gives up a revocation."""
    is_last = change.attempts >= MAX_TRANSIENT_ATTEMPTS
    return verdict.code == UNREADABLE and is_last and not change.is_removal


def _may_pass(change: Change, verdict: Verdict) -> bool:
    """Returns whether a removal failed for a cause that no document lists: it may pass, and one
    answer is too little to give up a revocation."""
    is_known = verdict.code in NEXT_ACTIONS
    return change.is_removal and not is_known and change.attempts < len(CALL_AGAIN_DELAYS)


def _of_grant(verdict: Verdict) -> Verdict:
    """Corrects the verdict of a grant: a user call that Entra handles before it knows the
    assignment removes what is left of an earlier one, or stages that."""
    return (
        replace(verdict, result=Result.NOT_ENTITLED, reason=ACCOUNT_DISABLED_EARLY)
        if verdict.removes
        else verdict
    )

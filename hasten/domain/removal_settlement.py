"""Decides what an answer means for a leaver's row. The row ends only on evidence that the account
is inactive or gone.

A leaver who keeps another assignment is called by the group, and no document says that such a call
removes anyone. Hasten therefore reads their assignments again once the directory has settled: if
none is left, a user call follows; otherwise Entra's own cycle removes the membership.
"""

from dataclasses import replace
from datetime import datetime

from hasten.domain.account import Account
from hasten.domain.changes import Change, State
from hasten.domain.planning import Call
from hasten.domain.row_states import finished, retried, waiting
from hasten.domain.verdicts import Result, Verdict
from hasten.limits import CALL_AGAIN_DELAYS, REPLICATION_SETTLED_AFTER

STILL_ASSIGNED = "Entra answered, and nothing shows that the account is inactive or absent"
ANSWERED_STILL_ACTIVE = "Entra answered, and the account in the app is still active"
GROUP_READ_AGAIN = (
    "Graph still shows the user in the group that they left: it is read again before the row ends"
)
ASSIGNMENTS_READ_AGAIN = "the user keeps another assignment: it is read again before the row ends"
NOTHING_SHOWN_AFTER_CYCLE = (
    "a cycle that began after the change has ended; nothing shows what it took away"
)
CHECK_ACCOUNT_IN_APP = (
    "look in the app: the account of the user must be inactive, or without the membership"
)
CHECK_MEMBERSHIP_IN_APP = "look in the app: the user must not be in the group that they left"
REASON_BY_ACCOUNT = {
    Account.INACTIVE: "the account in the app is inactive",
    Account.ABSENT: "the app has no account of the user",
}
DISABLE_ACCOUNT_BY_HAND = (
    "disable the account in the app; then check the job: `active` mapped, Update and Delete among "
    "the target object actions, SkipOutOfScopeDeletions off (python -m hasten doctor)"
)


def revoked(change: Change, call: Call, verdict: Verdict, *, now: datetime) -> Change:
    """Returns the row of a leaver after an answer that is a success or a skip."""
    if not call.disables:
        due = max(now, change.seen_at + REPLICATION_SETTLED_AFTER)
        kept = replace(change, keeps_assignment=True)
        return waiting(kept, due_at=due, reason=ASSIGNMENTS_READ_AGAIN)
    change = replace(change, keeps_assignment=False)
    if verdict.result is Result.SUCCEEDED and verdict.took:
        done = finished(change, State.SUCCEEDED, now=now)
        return replace(done, needs_proof=True)
    if verdict.result is not Result.SUCCEEDED and verdict.account.is_out:
        return finished(change, State.IN_SYNC, now=now, reason=REASON_BY_ACCOUNT[verdict.account])
    reason = ANSWERED_STILL_ACTIVE if verdict.account is Account.ACTIVE else STILL_ASSIGNED
    if verdict.result is Result.FAILED:
        reason = f"{reason} ({verdict.code})"
    if change.attempts < len(CALL_AGAIN_DELAYS):
        return retried(change, due_at=now + CALL_AGAIN_DELAYS[change.attempts], reason=reason)
    return not_taken(change, now=now, reason=reason)


def not_taken(change: Change, *, now: datetime, reason: str) -> Change:
    """Ends the row as failed. Hasten still reads the provisioning log for it, because the account
    may be disabled later. The account of a leaver who keeps another assignment must stay."""
    next_action = CHECK_MEMBERSHIP_IN_APP if change.keeps_assignment else DISABLE_ACCOUNT_BY_HAND
    failed = finished(change, State.FAILED, now=now, reason=reason, next_action=next_action)
    return replace(failed, needs_proof=True)


def never_shown(change: Change, *, now: datetime) -> Change:
    """Ends the row as left to the cycle, without any claim about the account, and says where to
    look."""
    return finished(
        change,
        State.LEFT_TO_CYCLE,
        now=now,
        reason=NOTHING_SHOWN_AFTER_CYCLE,
        next_action=CHECK_ACCOUNT_IN_APP,
    )

"""Opens the removals of a user again when the account becomes active again.

A user call disables the account, and so does Hasten's own write in the app. The log or the app may
also show that something else has disabled it. No document says that this ends its memberships in
the app; only Entra's cycle is known to do that. If the user is granted access through another group
before a cycle has run, the account is active again and may still be a member of the group that the
user left. Hasten then calls that group, and leaves the row to the
cycle. A removal can grant as well: Entra provisions a user who came back in the meantime.
"""

import asyncio
from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change, State, returned
from hasten.domain.planning import Call
from hasten.domain.verdicts import Result, Verdict
from hasten.provision.change_events import emit_moved
from hasten.provision.state import Drain
from hasten.records import kept_memberships
from hasten.records.row_mapping import Commit

NOT_MADE = frozenset({Result.THROTTLED, Result.NOT_PERMITTED, Result.UNKNOWN_JOB, Result.REROUTED})
"""Results of calls that Graph has refused before Entra provisioned anything. Any other call may
have changed the account, whatever its answer was."""

MAY_GIVE = frozenset({Result.SUCCEEDED, Result.IN_SYNC, Result.TRANSIENT, Result.FAILED})
"""Results of grants after which the account may be active again: the app may refuse the membership
after it has taken the account."""

ACTIVE_AGAIN = "the account may be active again through another group, and may still be in this one"

ENDED_WITH_ACCOUNT = frozenset(
    {State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED, State.DONE_BY_CYCLE}
)
"""States of a removal that the state of the account has ended, if the user keeps no assignment."""

NOTED_BY_CALL = frozenset({State.SUCCEEDED, State.IN_SYNC})
"""States in which the user call has already recorded what it may have left."""


async def return_to_kept_memberships(drain: Drain, call: Call, verdict: Verdict) -> None:
    """Opens the rows of memberships that an earlier user call of these users may have left in the
    app. Raises TemporaryError of the store."""
    if verdict.result in MAY_GIVE and _may_have_granted(call, verdict):
        await asyncio.gather(*(_return_to(drain, call, user) for user in sorted(call.users)))


def noting_memberships(drain: Drain, call: Call, verdict: Verdict) -> Commit | None:
    """Returns the commit that records what the call may have left, together with the rows of the
    call. None if the call left nothing."""
    if not _is_removal_by_user(call) or verdict.result in NOT_MADE:
        return None
    return noting_groups(drain.context, call.changes)


def noting_proven(context: Context, row: Change, to: Change) -> Commit | None:
    """Returns the commit that records the group of a removal that `to` ends because the log or the
    app shows the account out, together with the row. None if there is none to record. Hasten does
    not return to a row that an operator has discarded."""
    is_proven = to.is_removal and to.state in ENDED_WITH_ACCOUNT and not to.keeps_assignment
    is_noted = row.state in NOTED_BY_CALL or row.is_discarded
    return noting_groups(context, [to]) if is_proven and not is_noted else None


def noting_groups(context: Context, removals: Sequence[Change]) -> Commit | None:
    """Returns the commit that records the groups in which a disabled account may still be, together
    with the rows. None if there is none. `removals` are of one user."""
    groups = {change.group for change in removals} - {DIRECT, OWN_ACCOUNT}
    if not groups:
        return None
    target, user = removals[0].target, removals[0].user
    return kept_memberships.noting(context.store, target, user, groups, context.now())


def _is_removal_by_user(call: Call) -> bool:
    return call.is_removal and call.group is None


def _may_have_granted(call: Call, verdict: Verdict) -> bool:
    """Returns whether the account may be active after the call, though it was not before."""
    exported_otherwise = verdict.result is Result.SUCCEEDED and not verdict.took
    return exported_otherwise or not _is_removal_by_user(call)


async def _return_to(drain: Drain, call: Call, user: str) -> None:
    context, target, now = drain.context, drain.target.name, drain.now
    kept = await kept_memberships.find(context.store, target, user)
    if kept is None or (call.is_removal and await _has_open_grant(drain, user)):
        return
    groups = sorted(kept.groups or drain.found.groups)
    rows = [await drain.ledger.find(target, group, user) for group in groups]
    left = [row for row in rows if row is not None and _may_be_back(drain, row)]
    for row in await drain.ledger.move(
        left, lambda row: returned(row, now=now, reason=ACTIVE_AGAIN)
    ):
        emit_moved(context, row)
    if not call.is_removal:  # a removal may have given nothing; then a grant still may
        await kept_memberships.remove(context.store, kept)


async def _has_open_grant(drain: Drain, user: str) -> bool:
    """Returns whether a call that grants is still to come. It returns to the groups."""
    rows = await drain.ledger.open_changes(drain.target.name)
    return any(row.user == user and not row.is_removal for row in rows)


def _may_be_back(drain: Drain, row: Change) -> bool:
    has_ended = row.state in ENDED_WITH_ACCOUNT and not row.keeps_assignment
    return row.is_removal and has_ended and not drain.cycle.covers(row)

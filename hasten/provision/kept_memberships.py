"""Opens the removals of a user again when the account becomes active again.

A user call disables the account, and so does Hasten's own write in the app. The log or the app may
also show that something else has disabled it. No document says that this ends its memberships in
the app; only Entra's cycle is known to do that. If the user is granted access through another group
before a cycle has run, the account is active again and may still be a member of the group that the
user left. Hasten then calls that group, and leaves the row to the cycle. A grant without an answer
counts: no other call may follow it. A removal can grant as well: Entra provisions a user who came
back in the meantime.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change, State, returned, waiting
from hasten.domain.late_calls import UnansweredCall
from hasten.domain.planning import Call
from hasten.domain.verdicts import Result, Verdict
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import LATEST_CALL_EFFECT
from hasten.provision.change_events import emit_moved
from hasten.provision.job import read_cycle
from hasten.provision.state import Drain
from hasten.records import kept_memberships
from hasten.records.row_mapping import Commit

NOT_MADE = frozenset({Result.THROTTLED, Result.NOT_PERMITTED, Result.UNKNOWN_JOB, Result.REROUTED})
"""Results of calls that Graph has refused before Entra provisioned anything. Any other call may
have changed the account, whatever its answer was."""

MAY_GIVE = frozenset(
    {Result.SUCCEEDED, Result.IN_SYNC, Result.TRANSIENT, Result.FAILED, Result.UNAVAILABLE}
)
"""Results of grants after which the account may be active again: the app may refuse the membership
after it has taken the account, and the answer of Graph may be lost."""

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
    if verdict.result not in MAY_GIVE or not _may_have_granted(call, verdict):
        return
    due_at = drain.now if verdict.is_final else _latest_effect(drain, call.changes)

    async def again(user: str) -> None:
        kept = await kept_memberships.find(drain.context.store, drain.target.name, user)
        if kept is not None:
            groups = kept.groups or drain.found.groups
            await _return_to(drain, user, groups, due_at=due_at, after_removal=call.is_removal)
            # a removal may have given nothing, and a call without an answer not yet: a grant may
            if verdict.is_final and not call.is_removal:
                await kept_memberships.remove(drain.context.store, kept)

    await asyncio.gather(*map(again, sorted(call.users)))


async def return_after_lost_calls(drain: Drain, calls: Iterable[UnansweredCall]) -> None:
    """Opens the rows of memberships that the users of these calls may have again: the worker that
    made the calls has died, and this drain may end their rows without another call. A group that
    was left once the call could take no effect any more is not returned to. Raises TemporaryError
    of the store."""
    latest = {
        (user, call.takes): call.at + LATEST_CALL_EFFECT
        for call in sorted(calls, key=lambda call: call.at)
        for user in call.users
    }
    with suppress(TemporaryError, PermanentError):  # the run tells; no membership waits for it
        await read_cycle(drain)
    now = drain.now
    kept = await kept_memberships.load_all(drain.context.store, drain.target.name)
    of_users = {one.user: one.groups or dict.fromkeys(drain.found.groups, now) for one in kept}
    for (user, takes), until in latest.items():
        groups = [group for group, at in of_users.get(user, {}).items() if at < until]
        await _return_to(drain, user, groups, due_at=max(until, now), after_removal=takes)


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
    """Returns whether the account may be active after the call, though it was not before. A user
    call for a removal enables the account of a user who came back."""
    exported_otherwise = verdict.result is Result.SUCCEEDED and not verdict.took
    return exported_otherwise or not verdict.is_final or not _is_removal_by_user(call)


def _latest_effect(drain: Drain, called: Sequence[Change]) -> datetime:
    """Returns until when a call without an answer may still enable the account."""
    times = [row.called_at for row in called if row.called_at is not None]
    return max(times, default=drain.now) + LATEST_CALL_EFFECT


async def _return_to(
    drain: Drain, user: str, groups: Iterable[str], *, due_at: datetime, after_removal: bool
) -> None:
    """Opens the rows for calls at `due_at`: a call before the account is active would show nothing.
    `after_removal` says that the call before was to take access."""
    now = drain.now
    rows = [await drain.ledger.find(drain.target.name, group, user) for group in sorted(groups)]
    left = [row for row in rows if row is not None and _may_be_back(drain, row)]
    if left and after_removal and await _has_open_grant(drain, user):
        due_at = max(due_at, now + LATEST_CALL_EFFECT)

    def again(row: Change) -> Change:
        opened = row if row.is_open else returned(row, now=now, reason=ACTIVE_AGAIN)
        return waiting(opened, due_at=due_at, reason=ACTIVE_AGAIN)

    moved = await drain.ledger.move(left, again)
    for row in moved:
        emit_moved(drain.context, row)
    drain.retries |= {row.due_at for row in moved}


async def _has_open_grant(drain: Drain, user: str) -> bool:
    """Returns whether a call that grants may still come. Its answer makes the rows due at once; the
    grant may also end without a call."""
    rows = await drain.ledger.open_changes(drain.target.name)
    return any(row.user == user and not row.is_removal for row in rows)


def _may_be_back(drain: Drain, row: Change) -> bool:
    has_ended = row.state in ENDED_WITH_ACCOUNT and not row.keeps_assignment
    waits = row.state is State.WAITING and row.reason == ACTIVE_AGAIN
    return row.is_removal and (has_ended or waits) and not drain.cycle.covers(row)

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
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change, State, returned, waiting
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

GAVE = frozenset({Result.SUCCEEDED, Result.IN_SYNC})
"""Results of grants after which the account is active, as far as Entra knows."""

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
        gave = verdict.result in GAVE and not call.is_removal
        again = partial(_return_to, drain, gave=gave)
        await asyncio.gather(*map(again, sorted(call.users)))


async def return_after_abandoned_calls(drain: Drain, rows: Sequence[Change]) -> None:
    """Opens the rows of memberships that the users of abandoned grants may have again: the worker
    that made the call has died, and this drain may end the grant without another call. Raises
    TemporaryError of the store."""
    abandoned = [row for row in rows if row.state is State.CALLING and not row.is_removal]
    if not abandoned:
        return
    with suppress(TemporaryError, PermanentError):  # the run tells; no membership waits for it
        await read_cycle(drain)
    for row in abandoned:
        await _return_to(drain, row.user)


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


def _latest_effect(drain: Drain, user: str) -> datetime:
    """Returns until when a call without an answer may still enable the account."""
    late = [
        call.at + LATEST_CALL_EFFECT
        for call in drain.window.unanswered
        if user in call.users and not (call.takes and call.group is None)
    ]
    return max([drain.now, *late])


async def _return_to(drain: Drain, user: str, *, gave: bool = False) -> None:
    """Opens the rows. If the call `gave` the account, they are due now, and no later call needs to
    return to the groups. Otherwise a call now may come before the account is active, and would show
    nothing: the rows are due when no call without an answer can enable it any more, and a later
    grant returns once more."""
    context, target, now = drain.context, drain.target.name, drain.now
    kept = await kept_memberships.find(context.store, target, user)
    if kept is None:
        return
    groups = sorted(kept.groups or drain.found.groups)
    rows = [await drain.ledger.find(target, group, user) for group in groups]
    left = [row for row in rows if row is not None and _may_be_back(drain, row, gave=gave)]
    due_at = now if gave else _latest_effect(drain, user)

    def again(row: Change) -> Change:
        opened = row if row.is_open else returned(row, now=now, reason=ACTIVE_AGAIN)
        return waiting(opened, due_at=due_at, reason=ACTIVE_AGAIN)

    for row in await drain.ledger.move(left, again):
        emit_moved(context, row)
        if row.due_at > now:
            drain.retries.add(row.due_at)
    if gave:
        await kept_memberships.remove(context.store, kept)


def _may_be_back(drain: Drain, row: Change, *, gave: bool) -> bool:
    """Returns whether the membership may be in the app, and no call after the account became active
    has named its group. A call that came before showed nothing, and its row was left to the
    cycle."""
    has_ended = row.state in ENDED_WITH_ACCOUNT and not row.keeps_assignment
    waits = row.state is State.WAITING and row.reason == ACTIVE_AGAIN
    is_left = row.state is State.LEFT_TO_CYCLE and row.keeps_assignment and not row.is_discarded
    is_back = has_ended or waits or (gave and is_left)
    return row.is_removal and is_back and not drain.cycle.covers(row)

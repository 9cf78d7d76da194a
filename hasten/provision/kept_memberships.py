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
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change, State
from hasten.domain.late_calls import UnansweredCall
from hasten.domain.planning import Call
from hasten.domain.row_states import returned, waiting
from hasten.domain.verdicts import Result, Verdict
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import LATEST_CALL_EFFECT
from hasten.provision.change_events import emit_moved
from hasten.provision.late_calls import unanswered_call
from hasten.provision.state import Drain
from hasten.records import kept_memberships
from hasten.records.row_mapping import Commit

NOT_MADE = frozenset({Result.THROTTLED, Result.NOT_PERMITTED, Result.UNKNOWN_JOB, Result.REROUTED})
"""Results of calls that Graph has refused before Entra provisioned anything. Any other call may
have changed the account, whatever its answer was."""

SKIPPED = frozenset({Result.NOT_ENTITLED, Result.DISABLED})
"""Results of calls for one user after which their account is not active. The answer to a shared
call may concern another of its users. After any other result but NOT_MADE the account may be active
again: the app may refuse the membership after it has taken the account, and the answer of Graph may
be lost."""

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
    if not _may_have_granted(call, verdict):
        return
    gave = verdict.result in GAVE and not call.is_removal
    lost = None if verdict.is_final else unanswered_call(call)

    async def again(user: str) -> None:
        kept = await kept_memberships.find(drain.context.store, drain.target.name, user)
        if kept is not None:
            due_at = drain.now if gave else _latest_effect(drain, user, lost)
            groups = kept.groups or drain.found.groups
            takes = call.is_removal
            await _return_to(drain, user, groups, due_at=due_at, gave=gave, takes=takes)
            if gave:
                await kept_memberships.remove(drain.context.store, kept)

    await asyncio.gather(*map(again, sorted(call.users)))


async def return_after_lost_calls(drain: Drain, calls: Sequence[UnansweredCall]) -> None:
    """Opens the rows of memberships that the users of these calls may have again: the worker that
    made the calls has died, and this drain may end their rows without another call. A group that
    was left once the call could take no effect any more is not returned to. Raises TemporaryError
    of the store."""
    latest = {
        user: call.at + LATEST_CALL_EFFECT
        for call in sorted(calls, key=lambda call: call.at)
        for user in call.users
    }
    with suppress(TemporaryError, PermanentError):  # the run tells; no membership waits for it
        await drain.read_cycle()

    async def again(user: str, until: datetime) -> None:
        kept = await kept_memberships.find(drain.context.store, drain.target.name, user)
        if kept is not None:
            groups = [group for group, at in kept.groups.items() if at < until]
            left = groups if kept.groups else drain.found.groups
            await _return_to(drain, user, left, due_at=max(until, _latest_effect(drain, user)))

    await asyncio.gather(*(again(user, until) for user, until in latest.items()))


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


async def note_left(drain: Drain, removals: Sequence[Change]) -> None:
    """Records the groups of removals that are about to be left to the cycle, which disables the
    account. A grant that is answered before `verify` has seen that returns to these groups: no
    evidence from before the grant counts then. Raises TemporaryError of the store."""
    groups: dict[str, set[str]] = defaultdict(set)
    for row in removals:
        if row.group not in {DIRECT, OWN_ACCOUNT}:
            groups[row.user].add(row.group)
    await kept_memberships.note(drain.context.store, drain.target.name, groups, drain.now)


def _is_removal_by_user(call: Call) -> bool:
    return call.is_removal and call.group is None


def _may_have_granted(call: Call, verdict: Verdict) -> bool:
    """Returns whether the account may be active after the call, though it was not before. A user
    call for a removal enables the account of a user who came back."""
    is_skipped = verdict.result in SKIPPED and len(call.users) == 1
    if is_skipped or verdict.result in NOT_MADE:
        return False
    exported_otherwise = verdict.result is Result.SUCCEEDED and not verdict.took
    return exported_otherwise or not verdict.is_final or not _is_removal_by_user(call)


def _latest_effect(drain: Drain, user: str, lost: UnansweredCall | None = None) -> datetime:
    """Returns until when a call of the user without an answer may still enable the account."""
    late = [*drain.window.unanswered, *([lost] if lost else [])]
    times = [call.at + LATEST_CALL_EFFECT for call in late if user in call.users]
    return max([drain.now, *times])


async def _return_to(
    drain: Drain,
    user: str,
    groups: Iterable[str],
    *,
    due_at: datetime,
    gave: bool = False,
    takes: bool = False,
) -> None:
    """Opens the rows for calls at `due_at`: a call before the account is active would show nothing.
    `gave` says that the account is active now. After any other call a later grant returns to the
    groups once more. `takes` says that a removal was called."""
    now = drain.now
    rows = [await drain.ledger.find(drain.target.name, group, user) for group in sorted(groups)]

    def again(row: Change) -> Change | None:
        if not _may_be_back(drain, row, gave=gave, takes=takes):
            return None
        opened = row if row.is_open else returned(row, now=now, reason=ACTIVE_AGAIN)
        return waiting(opened, due_at=due_at, reason=ACTIVE_AGAIN)

    for row in await drain.ledger.change([row for row in rows if row is not None], again):
        emit_moved(drain.context, row)
        if row.due_at > now:
            drain.retries.add(row.due_at)


def _may_be_back(drain: Drain, row: Change, *, gave: bool, takes: bool) -> bool:
    """Returns whether the membership may be in the app, and no call after the account became active
    has named its group. A call that came before showed nothing, and its row was left to the
    cycle. Evidence from before may still end a row that was left, or that failed. A removal that
    was called opens no such row: two of them would open each other for ever."""
    has_ended = row.state in ENDED_WITH_ACCOUNT and not row.keeps_assignment
    waits = row.state is State.WAITING and row.reason == ACTIVE_AGAIN
    is_left = row.state is State.LEFT_TO_CYCLE and not row.is_discarded
    may_end = (is_left or row.state is State.FAILED) and not (takes or row.keeps_assignment)
    is_back = has_ended or waits or may_end or (gave and is_left)
    return row.is_removal and is_back and not drain.cycle.covers(row)

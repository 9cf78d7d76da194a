"""Makes one on-demand provisioning call and records its result.

The order is rows with the call window, request, rows. A crash between any two of them leaves the
rows in the state `calling`, and the next drain calls them again.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial

from hasten.domain.app_grant_proof import is_shown_in_app
from hasten.domain.app_proof import rests_on_app
from hasten.domain.changes import Change, State
from hasten.domain.late_calls import unanswered
from hasten.domain.planning import Call
from hasten.domain.row_states import waiting
from hasten.domain.settlement import settle
from hasten.domain.verdicts import Result, Verdict, read_verdict
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import CALL_WINDOW, MAX_MEMBERS_PER_CALL
from hasten.provision.change_events import emit_moved
from hasten.provision.kept_memberships import noting_memberships, return_to_kept_memberships
from hasten.provision.late_calls import (
    after_late_calls,
    earlier_calls,
    note_answered,
    unanswered_call,
)
from hasten.provision.state import Drain
from hasten.provision.triage import cycle_end
from hasten.records.discovered import DiscoveredTarget
from hasten.telemetry.provision import BreakerOpened, CallEnded, CallSent

REFUSALS = frozenset(
    {Result.NOT_PERMITTED, Result.UNKNOWN_JOB, Result.THROTTLED, Result.UNAVAILABLE}
)
"""Answers that Graph gives before any provisioning. The target, the group, or a user may be the
reason, and the answer does not say which."""

MAX_ALONE = 5 * MAX_MEMBERS_PER_CALL
"""Open rows of a target that are called alone, from which on Hasten splits a refused call only
after Graph has accepted another one on the same group. Otherwise a missing permission would make a
call for each of hundreds of users."""

NOT_HONOURED = "Entra does not yet honour the assignment of the group"


async def reserve(drain: Drain, call: Call) -> Call | None:
    """Marks the rows as `calling` and spends a slot of the call window. Returns the call with the
    marked rows, or None if all rows changed meanwhile.

    Raises Displaced if another drain took over, and Stopped if an operator stopped the calls; the
    call must not be made then. Raises TemporaryError.
    """
    await drain.check_stop()
    unanswered = earlier_calls(drain, call.changes)
    spend = partial(drain.window.call, drain.context.now, unanswered=unanswered)
    called = await drain.ledger.start_call(call.changes, drain.now, commit=spend)
    if not called:
        return None
    await drain.limit.departed()
    await drain.window.departed(drain.context.now)
    return replace(call, changes=tuple(called))


async def make(drain: Drain, call: Call) -> None:
    """Makes a reserved call and writes the answer, or its absence, to the ledger. Raises
    TemporaryError of the store."""
    context, found, started = drain.context, drain.found, drain.now
    _emit_sent(drain, call, started)
    verdict = await _verdict(drain, call, found)
    now = drain.now
    await return_to_kept_memberships(drain, call, verdict)  # before the window has the call
    if verdict.result is Result.THROTTLED:
        await _throttled(
            drain, call, sent_at=started, until=now + (verdict.retry_after or CALL_WINDOW)
        )
    await _count_for_breaker(drain, call, verdict, now)
    if verdict.is_final:
        note_answered(drain, call.changes)
    if verdict.result is Result.UNKNOWN_JOB:
        verdict = await _rediscovered(drain, verdict, found)
    missing = await _missing(drain, call, verdict)
    is_fresh = call.group is not None and found.is_fresh(call.group, now)
    next_cycle = cycle_end(drain, call.changes)
    if verdict.result is Result.DISABLED:
        next_action = drain.cycle.next_step(verdict.next_action)
        verdict = replace(verdict, next_action=next_action)
    noting = noting_memberships(drain, call, verdict)
    is_split = not missing and _may_split(drain, call, verdict)
    _note_accepted(drain, call, verdict)

    def end(change: Change) -> Change:
        if missing and change.user not in missing:
            return replace(change, state=State.PENDING, due_at=now)
        after = settle(
            change if verdict.is_final else unanswered(change),
            call,
            verdict,
            now=now,
            backoff=context.backoff,
            is_fresh=is_fresh,
            may_split=is_split,
            next_cycle=next_cycle,
        )
        after = replace(after, alone=after.alone or change.user in missing)
        return after_late_calls(drain, _to_be_shown(drain, after))

    settled = await drain.ledger.end_call(call.changes, end, commit=noting)
    if noting is not None and not settled:
        await noting([])  # all rows changed during the call
    again = {change.due_at for change in settled if change.state is State.WAITING}
    if verdict.result is Result.NOT_ENTITLED and is_fresh and again:
        await _postpone_joiners(drain, call, min(again))
    drain.retries |= again
    _emit_ended(drain, call, verdict, settled, seconds=(now - started).total_seconds())


def _may_split(drain: Drain, call: Call, verdict: Verdict) -> bool:
    """Returns whether the users of a shared call that Graph refuses are each called alone: one of
    them may be the reason, and must not hold up the others."""
    if verdict.result not in REFUSALS or len(call.users) == 1:
        return False
    rows = drain.ledger.last_seen(drain.target.name)
    return call.group in drain.accepting or sum(row.alone for row in rows) < MAX_ALONE


def _note_accepted(drain: Drain, call: Call, verdict: Verdict) -> None:
    """Notes whether Graph has accepted a call on a group. Each accepted call allows one split, so
    that a permission that is withdrawn makes no call for each user either."""
    if call.group is None or verdict.result is Result.REROUTED:
        return
    if verdict.result not in REFUSALS:
        drain.accepting.add(call.group)
    elif len(call.users) > 1:
        drain.accepting.discard(call.group)


def _to_be_shown(drain: Drain, change: Change) -> Change:
    """Returns the row as it ends. If Hasten can read the app, Entra's answer that the app is in
    sync is no proof."""
    can_show = rests_on_app(change) or is_shown_in_app(change)
    is_read = drain.target.scim is not None and change.state is State.IN_SYNC and can_show
    return replace(change, needs_proof=True) if is_read else change


async def _throttled(drain: Drain, call: Call, *, sent_at: datetime, until: datetime) -> None:
    own = drain.window.pace
    await drain.window.throttled(until)
    await drain.limit.throttled(own, sent_at=sent_at, until=until, is_removal=call.is_removal)


async def _count_for_breaker(drain: Drain, call: Call, verdict: Verdict, now: datetime) -> None:
    """Updates the breaker. Only a call without an answer from the target counts as a failure: a
    refusal is an answer."""
    window, breaker = drain.window, drain.window.breaker
    if verdict.result not in {Result.TRANSIENT, Result.UNAVAILABLE}:
        await window.judged(breaker.answered())
        return
    attempts = min(change.attempts for change in call.changes)
    late = None if verdict.is_final else unanswered_call(call)
    await window.judged(breaker.failed(call.users, now, attempts=attempts), late)
    if breaker.is_closed and not window.breaker.is_closed:
        drain.context.emit(BreakerOpened(target=drain.target.name, reason=verdict.reason))


async def _postpone_joiners(drain: Drain, call: Call, due_at: datetime) -> None:
    """Postpones the other joiners of the group. The call showed that Entra does not yet honour the
    group's assignment, so Hasten does not ask for each joiner."""
    others = [
        change
        for change in await drain.ledger.open_changes(drain.target.name)
        if change.called_group == call.group
        and change.state is State.PENDING
        and not change.is_removal
        and change.due_at < due_at
    ]
    await drain.ledger.move(
        others, lambda change: waiting(change, due_at=due_at, reason=NOT_HONOURED)
    )


async def _verdict(drain: Drain, call: Call, found: DiscoveredTarget) -> Verdict:
    rule = found.group_rule if call.group else found.user_rule
    if rule is None:
        return Verdict(Result.UNKNOWN_JOB, reason="the job has no rule for this kind of call")
    try:
        answer = await drain.context.directory.provision_on_demand(
            found.service_principal, found.job, rule, group=call.group, users=sorted(call.users)
        )
    except TemporaryError as error:
        return Verdict(Result.UNAVAILABLE, reason=error.reason, retry_after=error.delay)
    except PermanentError as error:
        return Verdict(Result.NOT_PERMITTED, reason=error.reason, next_action=error.next_action)
    return read_verdict(answer, about=() if call.group else call.users)


async def _rediscovered(drain: Drain, verdict: Verdict, used: DiscoveredTarget) -> Verdict:
    """Returns REROUTED, after which Hasten repeats the call, if discovery finds another job or rule
    than the one used."""
    match await drain.rediscover():
        case TemporaryError(reason=reason):
            return replace(verdict, reason=reason)
        case PermanentError(reason=reason, next_action=next_action):
            return replace(verdict, reason=reason, next_action=next_action)
    if drain.found.route == used.route:
        return replace(verdict, next_action="check the provisioning job of the target")
    return replace(verdict, result=Result.REROUTED)


async def _missing(drain: Drain, call: Call, verdict: Verdict) -> frozenset[str]:
    """Returns the users of a shared call whom Graph does not find, where that may be the reason of
    the refusal. Each of them gets a call of their own from now on, and the others one without
    them."""
    if verdict.result is not Result.UNKNOWN_JOB or len(call.users) == 1:
        return frozenset()
    users = sorted(call.users)
    try:
        found = await asyncio.gather(*map(drain.context.directory.user, users))
    except (TemporaryError, PermanentError):
        return frozenset()
    return frozenset(user for user, known in zip(users, found, strict=True) if known is None)


def _emit_sent(drain: Drain, call: Call, now: datetime) -> None:
    oldest = min(change.noticed_at for change in call.changes)
    drain.context.emit(
        CallSent(
            target=drain.target.name,
            group=call.group,
            users=sorted(call.users),
            removal=call.is_removal,
            waited_ms=round((now - oldest).total_seconds() * 1000),
        )
    )


def _emit_ended(
    drain: Drain, call: Call, verdict: Verdict, settled: list[Change], *, seconds: float
) -> None:
    drain.context.emit(
        CallEnded(
            result=verdict.result,
            target=drain.target.name,
            group=call.group,
            code=verdict.code,
            reason=verdict.reason,
            next_action=verdict.next_action,
            seconds=round(seconds, 3),
        )
    )
    for change in settled:
        emit_moved(drain.context, change)

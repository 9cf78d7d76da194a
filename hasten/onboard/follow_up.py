"""Carries out what an offboarding event wants in addition to the revocation. It never delays a
revocation: the event stores a record, and after an error the timer continues with the record."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.follow_ups import FollowUp, RevocationProof, What, proof
from hasten.domain.history import Entry, EntryKind, entry_id, short
from hasten.domain.seen_access import has_given_since
from hasten.error_collector import ErrorCollector
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import Offboard
from hasten.onboard.join_unfinished import NOBODY, Joined
from hasten.onboard.message import Posted
from hasten.onboard.plan import EventPlan
from hasten.operate.rows_of_person import rows_of_person
from hasten.policy import Allowance
from hasten.ports.directory_errors import Missing
from hasten.records import follow_ups, stops
from hasten.side_by_side import side_by_side
from hasten.telemetry.onboard import FollowedUp, FollowUpResult
from hasten.watch.admit import OBSERVE_REASON

GIVEN_SINCE = "the user has got access through another group since"
STALE_REASON = "a newer event of the user and the group came first"

MAX_FOLLOW_UP_PAUSE = timedelta(minutes=30)
FOLLOW_UPS_AT_ONCE = 16
"""Number of follow-ups that a timer handles at the same time; each takes a few requests to the
store."""

DENIED_NEXT_ACTION = (
    "set revoke_sessions: allow for the target in targets.yaml to let events end sessions"
)


async def note_resume(
    context: Context,
    posted: Posted,
    event: OnboardingEvent,
    plan: EventPlan,
    *,
    refused: str = "",
    joined: Joined = NOBODY,
) -> None:
    """Notes that a workflow waits for the event. Call before the intents are written: an event that
    is taken again after a crash no longer finds the groups that the user has left by then. `joined`
    are the groups of unfinished removals that the event has joined, by user.

    Raises TemporaryError and Conflict of the store.
    """
    data = event.data
    if not isinstance(data, Offboard) or data.resume is None:
        return
    refused_users = [part.user for part in plan.refused if part.user]
    for user in dict.fromkeys([*_users(plan), *refused_users]):
        groups = [want.group.key for want in plan.wants if user in want.users]
        groups += joined.get(user, ())
        asked = replace(
            _asked(context, event, What.RESUME, user),
            path=data.resume,
            is_of_all=data.groups is None,
            is_complete=not plan.unread and (data.groups is not None or bool(posted.second_look)),
            refused=refused or _refusal(plan),
        )
        stored, etag = await follow_ups.find(context.store, asked)
        known = stored or asked
        left = tuple(dict.fromkeys([*known.groups, *groups]))
        doubt = "" if left else plan.doubts.get(user, "")
        merged = replace(
            known,
            groups=left,
            is_complete=known.is_complete or asked.is_complete,
            refused=known.refused or asked.refused or doubt,
        )
        if merged != stored:
            await follow_ups.save(context.store, merged, etag)


async def note(
    context: Context, posted: Posted, event: OnboardingEvent, plan: EventPlan, *, is_stale: bool
) -> None:
    """Ends the sessions of the users, where the event asks for it, or leaves that to the timer.
    `is_stale` means that newer events decide about all of its groups.

    Raises TemporaryError of the store: the event then comes again, and writes nothing twice.
    """
    if not isinstance(event.data, Offboard):
        return
    if is_stale:
        await note_resume(context, posted, event, plan, refused=STALE_REASON)
    elif event.data.revoke_sessions and not posted.second_look:
        await _note_sessions(context, event, plan)


async def _note_sessions(context: Context, event: OnboardingEvent, plan: EventPlan) -> None:
    for user in _users(plan):
        asked = _asked(context, event, What.SESSIONS, user)
        stored, etag = await follow_ups.find(context.store, asked)
        etag = etag or await follow_ups.save(context.store, asked, None)
        await _do(context, stored or asked, etag)


def _asked(context: Context, event: OnboardingEvent, what: What, user: str) -> FollowUp:
    now = context.now()
    return FollowUp(
        what=what,
        target=event.data.target,
        user=user,
        cause=Cause(event.source, event.id),
        event_time=event.time,
        asked_at=now,
        due_at=now,
    )


def _users(plan: EventPlan) -> list[str]:
    named = [user for want in plan.wants for user in want.users]
    return list(dict.fromkeys([*named, *plan.idle]))


def _refusal(plan: EventPlan) -> str:
    faults = [fault for part in plan.refused for fault in part.faults]
    return f"{faults[0].problem}; {faults[0].fix}" if faults else ""


async def do_due(context: Context) -> None:
    """Carries out all due follow-ups of all targets. An error of one does not stop the others."""
    errors = ErrorCollector()

    async def do(stored: tuple[FollowUp, str]) -> None:
        with errors.collect_any():
            await _do(context, *stored)

    stored = await follow_ups.load_all(context.store)
    due = [(asked, etag) for asked, etag in stored if asked.due_at <= context.now()]
    await side_by_side(do, due, FOLLOW_UPS_AT_ONCE)
    errors.raise_worst()


async def _do(context: Context, asked: FollowUp, etag: str) -> None:
    """Raises TemporaryError and PermanentError of the store alone."""
    try:
        is_done = await _tried(context, asked)
    except (TemporaryError, PermanentError) as error:
        if not asked.is_too_old(context.now()):
            await _postpone(context, asked, etag, error)
            return
        await _end(context, asked, "given_up", str(error))
        is_done = True
    if is_done:
        with suppress(Conflict):  # the event was taken again: the next run sees what it added
            await follow_ups.delete(context.store, asked, etag)


async def _tried(context: Context, asked: FollowUp) -> bool:
    """Returns whether nothing is left to do. Raises TemporaryError and PermanentError."""
    try:
        if asked.what is What.RESUME:
            return await _answer(context, asked)
        return await _end_sessions(context, asked)
    except Missing as gone:
        await _end(context, asked, "gone", str(gone))
        return True


async def _end_sessions(context: Context, asked: FollowUp) -> bool:
    """Ends the sessions, unless targets.yaml, which may have changed since the event came, does not
    let Hasten do so. Returns whether nothing is left to do. Raises Missing too."""
    target = context.targets.get(asked.target)
    if target is None:
        raise PermanentError(f"target {asked.target} is not in targets.yaml", "put it back")
    if target.revoke_sessions is not Allowance.ALLOW:
        await _end(context, asked, "denied", DENIED_NEXT_ACTION)
    elif target.observes:
        await _end(context, asked, "observed", "")
    elif await stops.find(context.store, asked.target) is not None:
        return False
    else:
        await context.directory.revoke_sessions(asked.user)
        await _end(context, asked, "ended", "")
    return True


async def _answer(context: Context, asked: FollowUp) -> bool:
    """Answers the workflow if the revocation is proven or has failed. The answer is a write to
    Entra ID, after which the workflow goes on: it waits while a stop is in force or the target is
    in observe mode. Returns whether nobody waits for an answer any more. Raises Missing if the
    workflow is gone."""
    found = [
        (
            await context.intents.find(asked.target, group, asked.user),
            await context.ledger.find(asked.target, group, asked.user),
        )
        for group in asked.groups
    ]
    known, reason = proof(asked, found)
    if known is RevocationProof.COMPLETED and asked.is_of_all:
        rows = await rows_of_person(context, asked.target, asked.user)
        if has_given_since(rows):
            known, reason = RevocationProof.FAILED, GIVEN_SINCE
    target = context.targets.get(asked.target)
    if target is not None and target.observes:
        known, reason = RevocationProof.WAITING, OBSERVE_REASON
    elif stop := await stops.find(context.store, asked.target):
        known, reason = RevocationProof.WAITING, str(stop)
    if known is RevocationProof.WAITING:
        if not asked.is_too_old(context.now()):
            return False
        await _end(context, asked, "given_up", reason)
        return True
    await context.directory.resume_task(asked.path, completed=known is RevocationProof.COMPLETED)
    result: FollowUpResult = "completed" if known is RevocationProof.COMPLETED else "failed"
    await _end(context, asked, result, reason)
    return True


async def _postpone(
    context: Context, asked: FollowUp, etag: str, error: TemporaryError | PermanentError
) -> None:
    tries = asked.tries + 1
    delay = error.delay if isinstance(error, TemporaryError) else timedelta()
    pause = min(max(context.backoff(tries), delay), MAX_FOLLOW_UP_PAUSE)
    later = replace(asked, tries=tries, due_at=context.now() + pause)
    with suppress(Conflict):  # another instance does the same
        await follow_ups.save(context.store, later, etag)
    _emit(context, asked, "postponed", error.reason)


async def _end(context: Context, asked: FollowUp, result: FollowUpResult, reason: str) -> None:
    """Writes the result to the history and logs it. Raises TemporaryError and PermanentError of the
    store."""
    entry = Entry(
        id=entry_id("follow_up", asked.key, result),
        at=context.now(),
        kind=EntryKind.FOLLOWED_UP,
        target=asked.target,
        user=asked.user,
        action=asked.what,
        result=result,
        reason=short(reason),
        causes=(asked.cause,),
    )
    await context.history.append_once([entry])
    _emit(context, asked, result, reason)


def _emit(context: Context, asked: FollowUp, result: FollowUpResult, reason: str) -> None:
    context.emit(
        FollowedUp(
            result=result,
            what=asked.what,
            target=asked.target,
            user=asked.user,
            event=asked.cause.id,
            reason=reason,
        )
    )

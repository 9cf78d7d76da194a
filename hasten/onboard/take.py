"""Takes the events of upstream systems: reads them from the queue and writes intents.

The order is end, rows, intents, wake, history, parts that come again, rejects, outcomes. A crash
between any two repeats the event, which finds its own intents and writes nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Cause, State
from hasten.domain.intents import THE_GROUP, Recorded, of_superseded
from hasten.domain.outcomes import STALE, Outcome, of_event
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP
from hasten.errors import PermanentError, ReadError, TemporaryError, WrongInputError
from hasten.events.envelope import OnboardingEvent, parse
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Identity, InvalidEventError, fault
from hasten.events.models import people, starts_at
from hasten.messages import Ensure
from hasten.onboard import follow_up
from hasten.onboard.cancelled import without_cancelled
from hasten.onboard.defer import deferred, ends, note_deferred_times, split
from hasten.onboard.interpret import interpret
from hasten.onboard.join_unfinished import join_unfinished
from hasten.onboard.message import Posted
from hasten.onboard.note_events import note_accepted, note_deferred
from hasten.onboard.plan import EventPlan, UnreadPart
from hasten.onboard.reject import reject_event, reject_part
from hasten.onboard.second_look import SecondLook, not_rejected_yet, second_looks
from hasten.onboard.unread import (
    MAX_QUIET_TRIES,
    MIN_OPERATOR_WAIT,
    later,
    unreadable_people,
    unreadable_rows,
    waiting_people,
    worst,
)
from hasten.onboard.write import Written, write_intents
from hasten.ports.bus import ENSURE, ONBOARDING_EVENTS, Message
from hasten.records import job_seen
from hasten.records.signs import Sign
from hasten.telemetry.onboard import (
    EventCancelled,
    EventDeferred,
    EventFields,
    EventSplit,
    EventTaken,
    EventWaiting,
)

WAKE_BUCKET = timedelta(seconds=1)
"""The events of one bucket wake a target once at its start, and once more at its end."""


async def take(context: Context, posted: Posted) -> None:
    """Takes one event. Hasten parks an event that it cannot carry out. An event waits while the
    store, Service Bus or Graph refuses Hasten itself, or while its target is not set up or is
    another app than before: that is no fault of the event.

    Raises TemporaryError, with nothing lost, and NotParkedError if the event cannot be parked.
    """
    try:
        await _take_or_park(context, posted)
    except PermanentError as error:
        _tell_waiting(context, posted, error)
        raise TemporaryError(error.reason, MIN_OPERATOR_WAIT) from error
    except TemporaryError as error:
        _tell_waiting(context, posted, error)
        raise


def _tell_waiting(context: Context, posted: Posted, error: ReadError) -> None:
    """A PermanentError is told at once, and a TemporaryError after MAX_QUIET_TRIES."""
    if isinstance(error, PermanentError) or posted.tries >= MAX_QUIET_TRIES:
        context.emit(
            EventWaiting(
                message=posted.message_id, reason=error.reason, next_action=error.next_action
            )
        )


async def _take_or_park(context: Context, posted: Posted) -> None:
    identity = Identity()
    try:
        event = parse(
            posted.body,
            posted.content_type,
            posted.properties,
            context.now(),
            is_deferred=posted.is_from_hasten,
            is_cut=bool(posted.original_bytes),
        )
        identity = event.identity
        await context.signs.note(Sign.EVENT)
        await _take(context, posted, event)
    except InvalidEventError as error:
        await reject_event(context, posted, error.faults, error.identity)
    except WrongInputError as error:
        refused = fault(FaultCode.REFUSED, "event", error.reason, error.next_action)
        await reject_event(context, posted, [refused], identity)


async def _take(context: Context, posted: Posted, event: OnboardingEvent) -> None:
    target = context.targets.get(event.data.target)
    if target is None:
        unknown = fault(FaultCode.UNKNOWN_TARGET, "data.target")
        raise InvalidEventError([unknown], event.identity)
    await job_seen.refuse_another_app(context.store, target.name)
    posted = replace(
        posted,
        of_people=max(posted.of_people, len(people(event.data))),
        was_acting=posted.was_acting or not target.observes,
    )
    start = starts_at(event.data) or (event.time if posted.end_of else None)
    if start is not None:
        left, cancelled = await without_cancelled(context, event, start, is_end=bool(posted.end_of))
        if cancelled:
            context.emit(EventCancelled(**(_about(posted, event) | {"people": cancelled})))
        if left is None:
            return
        event = left
    parts = split(posted, event, context.new_id)
    if parts:
        await context.bus.send(ONBOARDING_EVENTS, parts)
        context.emit(EventSplit(**_about(posted, event), parts=len(parts)))
        return
    if start is not None and start > context.now():
        await _defer(context, posted, event, start)
        return
    plan = await interpret(context, event, target, is_end=bool(posted.end_of))
    await _carry_out(context, posted, event, plan)


async def _defer(context: Context, posted: Posted, event: OnboardingEvent, start: datetime) -> None:
    known, about, unread = await note_deferred_times(context, event, is_end=bool(posted.end_of))
    message = replace(deferred(posted, known, start, context.new_id), about=about)
    again = later(context, posted, event, unread)
    await context.bus.send(ONBOARDING_EVENTS, [message, *again])
    if about:
        await note_deferred(context, known, about, start)
    _tell_unread(context, posted, unread)
    context.emit(EventDeferred(**_about(posted, known), until=start.isoformat()))


async def _carry_out(
    context: Context, posted: Posted, event: OnboardingEvent, plan: EventPlan
) -> None:
    ended = ends(posted, event, plan, context.new_id)
    if ended:
        await context.bus.send(ONBOARDING_EVENTS, ended)
    again = second_looks(posted, event, plan, context.now, context.new_id)
    joined, unreadable = await join_unfinished(context, event, plan, is_last=not again)
    if unreadable and posted.second_look:  # else the second look finds them
        plan.unread.append(unreadable_people(event.data, unreadable))
    await follow_up.note_resume(context, posted, event, plan, joined=joined)
    written = await write_intents(context, posted, event, plan)
    if written.waiting:
        waiting = waiting_people(event.data, written.waiting)
        if not (written.counts or plan.refused or plan.idle):
            raise waiting.error
        plan.unread.append(waiting)
    if not written.is_all_stale:
        await context.bus.send(ENSURE, ensures(event.data.target, context.now()))
    await note_accepted(context, event, plan)
    is_stale = bool(written.stale) and written.is_all_stale
    await follow_up.note(context, posted, event, plan, is_stale=is_stale)
    unread = later(context, posted, event, plan.unread) if plan.unread else ()
    if (again or unread) and not written.unreadable:  # else this event itself comes again
        await context.bus.send(ONBOARDING_EVENTS, [*again, *unread])
    _tell_unread(context, posted, plan.unread)
    is_repeated = posted.second_look == SecondLook.OTHERS
    refusals = await not_rejected_yet(context, event, plan) if is_repeated else plan.refused
    come_again = {user for part in plan.unread for user in part.users}
    for refused in refusals if not written.unreadable else ():
        if refused.user not in come_again:  # a copy would be parked each time
            await reject_part(context, posted, event, refused)
    if is_repeated:
        await context.outbox.publish(_superseded(context, written))
    else:
        idle = [] if again else [user for user in plan.idle if user not in joined]
        await context.outbox.publish(_outcomes(context, event, idle, plan.doubts, written))
    if written.unreadable:
        raise unreadable_rows(written.unreadable)
    context.emit(
        EventTaken(
            result="accepted" if plan.wants and not written.is_all_stale else "idle",
            **_about(posted, event),
            refused=len(plan.refused),
            unread=len(plan.unread),
            new=written.counts.get(Recorded.NEW),
            replaced=written.counts.get(Recorded.REPLACED),
            duplicate=written.counts.get(Recorded.DUPLICATE),
            stale=written.counts.get(Recorded.STALE),
        )
    )


def _tell_unread(context: Context, posted: Posted, unread: Sequence[UnreadPart]) -> None:
    if unread:
        _tell_waiting(context, posted, worst([part.error for part in unread]))


def _outcomes(
    context: Context,
    event: OnboardingEvent,
    idle_users: Sequence[str],
    doubts: Mapping[str, str],
    written: Written,
) -> Sequence[Outcome]:
    stale = [
        _outcome(
            context,
            event,
            group=group,
            user="" if user == THE_GROUP else user,
            result=STALE,
            reason="a newer event of the person and the group came first",
            next_action="if this is still wanted, post it again with a new id and time",
        )
        for group, user in written.stale
    ]
    idle = [
        _outcome(
            context,
            event,
            group="",
            user=user,
            result=State.LEFT_TO_CYCLE if user in doubts else State.IN_SYNC,
            reason=doubts.get(user, "the person is not assigned to the target"),
            next_action=CHECK_ACCOUNT_IN_APP if user in doubts else "",
        )
        for user in idle_users
    ]
    return [*stale, *idle, *_superseded(context, written)]


def _superseded(context: Context, written: Written) -> Sequence[Outcome]:
    return [
        of_superseded(intent, intent.replaced, now=context.now())
        for intent in written.replacing
        if intent.replaced is not None
    ]


def _outcome(
    context: Context,
    event: OnboardingEvent,
    *,
    group: str,
    user: str,
    result: str,
    reason: str,
    next_action: str,
) -> Outcome:
    return of_event(
        Cause(event.source, event.id),
        target=event.data.target,
        group=group,
        user=user,
        result=result,
        reason=reason,
        next_action=next_action,
        now=context.now(),
    )


def _about(posted: Posted, event: OnboardingEvent) -> EventFields:
    return {
        "target": event.data.target,
        "type": event.data.type,
        "message": posted.message_id,
        "people": len(people(event.data)),
    }


def ensures(target: str, now: datetime) -> list[Message]:
    """Returns a message for now and one for the end of the bucket, which covers events whose equal
    message Service Bus dropped."""
    bucket = int(now.timestamp() // WAKE_BUCKET.total_seconds())
    end = datetime.fromtimestamp((bucket + 1) * WAKE_BUCKET.total_seconds(), UTC)
    ensure = Ensure(target=target)
    return [
        ensure.message(f"{target}:events:{bucket}"),
        ensure.message(f"{target}:events:{bucket}:end", end),
    ]

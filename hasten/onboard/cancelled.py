"""Recognizes a copy of an event that an operator has cancelled before its date, and tells the
producer about it."""

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.outcomes import STALE, of_event
from hasten.events.envelope import OnboardingEvent, encode
from hasten.events.faults import InvalidEventError
from hasten.events.models import people
from hasten.events.references import reference
from hasten.onboard.interpret import interpret
from hasten.onboard.message import Posted
from hasten.records import cancelled


async def is_cancelled(context: Context, posted: Posted, event: OnboardingEvent) -> bool:
    """Returns whether an operator has cancelled the event before Hasten began to carry it out. The
    message may be the one that the producer posted. Raises TemporaryError and PermanentError."""
    if not await cancelled.contains(context.store, encode(event)):
        return False
    return not await _has_begun(context, posted, event)


async def _has_begun(context: Context, posted: Posted, event: OnboardingEvent) -> bool:
    """Returns whether Hasten has written an intent of the event."""
    target, cause = context.targets[event.data.target], Cause(event.source, event.id)
    try:
        plan = await interpret(context, event, target, is_end=bool(posted.end_of))
    except InvalidEventError:
        return False
    for want in plan.wants:
        for user in want.users:
            known = await context.intents.find(target.name, want.group.key, user)
            if known is not None and known.cause == cause:
                return True
    return False


async def tell_cancelled(context: Context, event: OnboardingEvent) -> None:
    """Publishes an outcome for each person of the event. Raises TemporaryError and PermanentError
    of the store."""
    await context.outbox.publish(
        [
            of_event(
                Cause(event.source, event.id),
                target=event.data.target,
                group="",
                user=str(ref.id or ""),
                result=STALE,
                reason="an operator cancelled the event",
                next_action="if this is still wanted, post it again with a new id and time",
                now=context.now(),
                key="" if ref.id else reference(ref),
            )
            for ref in people(event.data)
        ]
    )

"""Tells the producer about an event that an operator has cancelled before its date, and of which a
copy was still on its way."""

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.outcomes import STALE, of_event
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import people
from hasten.events.references import reference


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

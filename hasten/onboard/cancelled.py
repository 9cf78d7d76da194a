"""Recognizes a copy of an event that an operator has cancelled before its date, and tells the
producer about it."""

from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.outcomes import STALE, of_event
from hasten.events.envelope import OnboardingEvent, encode
from hasten.events.models import people
from hasten.events.references import reference
from hasten.onboard.resolve import ReadError, resolve_users
from hasten.onboard.unread import worst
from hasten.records import cancelled


async def is_cancelled(context: Context, event: OnboardingEvent, date: datetime) -> bool:
    """Returns whether an operator has cancelled the event before its `date` and before Hasten began
    to carry it out for its people: it may have begun with others, whose part came before. Only
    looks: an event that is only looked at must decide nothing about anybody. Raises TemporaryError,
    and PermanentError of Graph."""
    cause = Cause(event.source, event.id)
    if not await cancelled.contains(context.store, encode(event), cause, date):
        return False
    begun = await context.intents.users_of(event.data.target, cause)
    if not begun:
        return True
    found = await resolve_users(context, people(event.data), "data.users", may_be_gone=True)
    unread = [one for one in found if isinstance(one, ReadError)]
    if unread:
        raise worst(unread)
    return begun.isdisjoint(one for one in found if isinstance(one, str))


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

"""Recognizes a copy of an event that an operator has cancelled before its date, and tells the
producer about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.outcomes import STALE, of_event
from hasten.errors import ReadError
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import UserRef, people
from hasten.events.parts import name_of, part_of
from hasten.events.references import reference
from hasten.onboard.resolve import resolve_users
from hasten.onboard.unread import worst
from hasten.records import cancelled


async def without_cancelled(
    context: Context, event: OnboardingEvent, date: datetime, *, is_end: bool
) -> tuple[OnboardingEvent | None, int]:
    """Returns the event with the people for whom no operator has cancelled it before its `date`, or
    None if nobody is left, and how many are not. Tells the producer about these. Raises
    TemporaryError, and PermanentError of Graph and of the store."""
    named = people(event.data)
    refs = await _cancelled(context, event, date, is_end=is_end)
    if not refs:
        return event, 0
    await _tell(context, event, refs)
    cancelled_names = {name_of(ref) for ref in refs}
    left = [ref for ref in named if name_of(ref) not in cancelled_names]
    if not left:
        return None, len(refs)
    return replace(event, data=event.data.model_copy(update={"users": left})), len(refs)


async def _cancelled(
    context: Context, event: OnboardingEvent, date: datetime, *, is_end: bool
) -> Sequence[UserRef]:
    """Returns the people for whom an operator has cancelled the event, without those for whom
    Hasten began to carry it out before. Only looks: an event that is only looked at must decide
    nothing about anybody."""
    cause, part = Cause(event.source, event.id), part_of(event, is_end=is_end)
    known = await cancelled.people_of(context.store, part, cause, event.data.target, date)
    refs = [ref for ref in people(event.data) if name_of(ref) in known]
    begun = await context.intents.users_of(event.data.target, cause) if refs else frozenset()
    if not begun:
        return refs
    found = await resolve_users(context, refs, "data.users", may_be_gone=True)
    unread = [one for one in found if isinstance(one, ReadError)]
    if unread:
        raise worst(unread)
    return [ref for ref, one in zip(refs, found, strict=True) if one not in begun]


async def _tell(context: Context, event: OnboardingEvent, refs: Sequence[UserRef]) -> None:
    """Publishes an outcome for each of the people."""
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
            for ref in refs
        ]
    )

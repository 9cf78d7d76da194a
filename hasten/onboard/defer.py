"""Builds the messages by which Hasten defers an event, splits it, or ends it later."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hasten.chunks import chunks
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted
from hasten.events.envelope import ID_MAX_CHARS, OnboardingEvent
from hasten.events.models import Data, EnsureGroup, GroupRef, Offboard, Onboard, UserRef, people
from hasten.limits import MAX_USERS_PER_EVENT
from hasten.onboard.deferred_times import brings
from hasten.onboard.message import Posted
from hasten.onboard.plan import EventPlan
from hasten.ports.bus import Message
from hasten.ports.clock import NewId

END = ":end"


def deferred(posted: Posted, event: OnboardingEvent, at: datetime, new_id: NewId) -> Message:
    """Returns the same event as a message for `at`."""
    return posted.with_event(event).message(new_id(), at)


def split(posted: Posted, event: OnboardingEvent, new_id: NewId) -> Sequence[Message]:
    """Splits the event into parts, each with as many people as one event may name. Returns nothing
    if the event names no more than that."""
    refs = people(event.data)
    if len(refs) <= MAX_USERS_PER_EVENT:
        return []
    key = "members" if isinstance(event.data, EnsureGroup) else "users"
    parts: list[Data] = [
        event.data.model_copy(update={key: some}) for some in chunks(refs, MAX_USERS_PER_EVENT)
    ]
    return [posted.with_event(replace(event, data=part)).message(new_id()) for part in parts]


def ends(
    posted: Posted, event: OnboardingEvent, plan: EventPlan, new_id: NewId
) -> Sequence[Message]:
    """Returns the offboarding events that carry out the endAt of an onboarding. Each is deferred to
    that time and counts as old as the onboarding, so that it undoes nothing that a newer event
    wants."""
    if not isinstance(event.data, Onboard) or event.data.end_at is None:
        return []
    end = event.data.end_at
    messages = []
    for want in plan.wants:
        if want.wanted is not Wanted.MEMBER:
            continue
        data = Offboard(
            target=event.data.target, users=[UserRef(id=UUID(user)) for user in want.users]
        ).model_copy(update={"end_at": end})
        if want.group.key != DIRECT:
            by = {"name": want.group.name} if want.group.is_new else {"id": UUID(want.group.key)}
            data = data.model_copy(update={"groups": [GroupRef.model_validate(by)]})
        offboard = replace(event, id=end_id(event.id), data=data)
        message = replace(posted.with_event(offboard), end_of=event.id)
        about = brings(
            offboard,
            users=want.users,
            wanted=Wanted.ABSENT,
            groups=[want.group.key],
            end_of=event.id,
        )
        messages.append(replace(message.message(new_id(), end), about=about))
    return messages


def end_id(event: str) -> str:
    """Returns the id of the end of `event`. Equal events give equal ids, and the id fits the
    maximum length."""
    if len(event) + len(END) <= ID_MAX_CHARS:
        return event + END
    return hashlib.sha256(event.encode()).hexdigest() + END

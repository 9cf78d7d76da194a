"""Takes an event that names no group once more, when Graph has had time to show everything.

Such an event is about all groups through which its users are assigned. Graph may show an assignment
or a membership late, so an empty result proves nothing. What the second look finds counts as older
than the event.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.history import Filter
from hasten.domain.outcomes import REJECTED
from hasten.events.envelope import OnboardingEvent
from hasten.events.models import Offboard, Provision, UserRef
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.onboard.message import Posted
from hasten.onboard.plan import EventPlan, RefusedPart
from hasten.ports.bus import Message
from hasten.ports.clock import NewId, Now

LOOK_AGAIN_AFTER: timedelta = REPLICATION_SETTLED_AFTER

MAX_REJECTIONS_READ = 100
"""Rejections of a person and a group, newest first. Those of the event are minutes old."""


class SecondLook(StrEnum):
    """The subject of the second look."""

    IDLE = "idle"
    """Users for whom the first look found nothing: their outcome is still to be published."""

    OTHERS = "others"
    """Users for whom the first look found a group: what was refused or published then is not
    repeated."""


def second_looks(
    posted: Posted, event: OnboardingEvent, plan: EventPlan, now: Now, new_id: NewId
) -> Sequence[Message]:
    """Returns the event as messages for the second look; none for an event that needs none. The
    direct assignment that an endAt ends was made by Hasten, which knows of it."""
    if posted.second_look or posted.end_of or not _names_no_group(event):
        return []
    idle = set(plan.idle)
    unread = {user for part in plan.unread for user in part.users}  # they come again anyway
    found = {user for want in plan.wants for user in want.users} - unread
    others = found | {part.user for part in plan.refused if part.user}
    if isinstance(event.data, Provision):
        others = set()  # what becomes assigned later is provisioned by the look that finds it
    at = now() + LOOK_AGAIN_AFTER
    return [
        _part(posted, event, users, look).message(new_id(), at)
        for look, users in ((SecondLook.IDLE, idle), (SecondLook.OTHERS, others))
        if users
    ]


async def not_rejected_yet(
    context: Context, event: OnboardingEvent, plan: EventPlan
) -> Sequence[RefusedPart]:
    """Returns the groups that the second look refuses and the history does not show as refused.
    Raises TemporaryError of the store."""
    cause = Cause(event.source, event.id)
    parts = [part for part in plan.refused if part.user and part.group]
    pages = [
        await context.history.newest(
            MAX_REJECTIONS_READ,
            matches=Filter(
                target=event.data.target,
                user=part.user,
                group=part.group,
                results=frozenset({REJECTED}),
            ),
        )
        for part in parts
    ]
    return [
        part
        for part, page in zip(parts, pages, strict=True)
        if not any(cause in entry.causes for entry in page.entries)
    ]


def _part(posted: Posted, event: OnboardingEvent, users: set[str], look: SecondLook) -> Posted:
    refs = [UserRef(id=UUID(user)) for user in sorted(users)]
    part = replace(event, data=event.data.model_copy(update={"users": refs}))
    return replace(posted.with_event(part), second_look=look)


def _names_no_group(event: OnboardingEvent) -> bool:
    match event.data:
        case Offboard() as data:
            return data.groups is None
        case Provision() as data:
            return data.group is None
    return False

"""Writes to the history for which people and groups each event asked."""

from collections.abc import Iterable
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Cause
from hasten.domain.history import Entry, EntryKind, Steps, entry_id
from hasten.domain.intents import THE_GROUP
from hasten.events.envelope import OnboardingEvent
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.onboard.plan import EventPlan

ACCEPTED = "accepted"
DEFERRED = "deferred"


async def note_accepted(context: Context, event: OnboardingEvent, plan: EventPlan) -> None:
    """Writes one entry for each person and group of the event. An event that is taken twice has its
    entries once. Raises TemporaryError and PermanentError of the store."""
    entries = [
        _entry(context, event, group=want.group.key, user=user, wanted=want.wanted)
        for want in plan.wants
        for user in want.users
    ]
    await context.history.append_once(entries)


async def note_deferred(
    context: Context, event: OnboardingEvent, about: Json, start: datetime
) -> None:
    """Writes one entry for each person of an event that Hasten keeps until `start`. Raises the same
    errors."""
    group = only_group(about["groups"])
    entries = [
        _entry(context, event, group=group, user=user, wanted=about["wanted"], start=start)
        for user in about["users"]
    ]
    await context.history.append_once(entries)


def only_group(groups: Iterable[str]) -> str:
    """Returns the object id among keys of groups if there is exactly one."""
    ids = sorted({group for group in groups if is_object_id(group)})
    return ids[0] if len(ids) == 1 else ""


def _entry(
    context: Context,
    event: OnboardingEvent,
    *,
    group: str,
    user: str,
    wanted: str,
    start: datetime | None = None,
) -> Entry:
    target, result = event.data.target, DEFERRED if start else ACCEPTED
    return Entry(
        id=entry_id(event.source, event.id, target, group, user, wanted, result),
        at=context.now(),
        kind=EntryKind.ASKED,
        target=target,
        user="" if user == THE_GROUP else user,
        group=group,
        action=wanted,
        result=result,
        causes=(Cause(event.source, event.id),),
        steps=Steps(noticed=event.time, expected=start),
    )

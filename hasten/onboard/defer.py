"""Defers an event, splits it, or ends it later. Builds the messages for that and keeps the times of
deferred events, so that an older event about the same people and groups is stale when its own time
comes."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted, group_key
from hasten.errors import ReadError
from hasten.events.envelope import ID_MAX_CHARS, OnboardingEvent
from hasten.events.faults import Fault
from hasten.events.models import Data, EnsureGroup, GroupRef, Offboard, Onboard, UserRef, people
from hasten.events.parts import name_of
from hasten.events.references import reference
from hasten.json import Json
from hasten.limits import MAX_USERS_PER_EVENT
from hasten.onboard.message import Posted
from hasten.onboard.plan import EventPlan, UnreadPart
from hasten.onboard.resolve import KnownGroup, resolve_group, resolve_users
from hasten.onboard.unread import unread_people
from hasten.ports.bus import Message
from hasten.ports.clock import NewId
from hasten.records.cancelled import POSTED_NAMES

END = ":end"

ALL_GROUPS = "*"
"""Replaces the group id for an offboarding that names no group."""


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
        about = _brings(
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


async def note_deferred_times(
    context: Context, event: OnboardingEvent, *, is_end: bool
) -> tuple[OnboardingEvent, Json, Sequence[UnreadPart]]:
    """Records the event before Hasten keeps it for later. Returns the event without the people who
    could not be read, what it will bring about, and the part about those people. An end brings
    about what its onboarding has recorded. The returned offboarding names people by object id:
    until its time they may be renamed, and somebody else may get their name.

    Raises TemporaryError and PermanentError.
    """
    if is_end:
        return event, {}, []
    match event.data:
        case Onboard() as data:
            refs: list[GroupRef | None]
            refs, wanted = [data.group], Wanted.MEMBER
        case Offboard() as data:
            refs, wanted = list(data.groups or ()), Wanted.ABSENT
        case _:
            raise ValueError(f"{event.data.type} has no start")
    found = await resolve_users(context, data.users, "data.users", may_be_gone=True)
    users, refs_read, posted_names, failed = [], [], [], []
    for ref, user in zip(data.users, found, strict=True):
        if isinstance(user, ReadError):
            failed.append((ref, user))
        else:
            users.append(reference(ref) if isinstance(user, Fault) else user)
            refs_read.append(ref if wanted is Wanted.MEMBER else _by_id(ref, user))
            posted_names.append(name_of(ref))
    unread = [unread_people(data, "users", failed)] if failed else []
    if not users:
        raise unread[0].error
    event = replace(event, data=data.model_copy(update={"users": refs_read}))
    groups = [_group(ref) for ref in refs] or [ALL_GROUPS]
    await context.people.defer(data.target, users, wanted, groups, event.time)
    ids = await _group_ids(context, event, [ref for ref in refs if ref is not None and ref.name])
    about = _brings(event, users=users, wanted=wanted, groups=[*groups, *ids], named=len(refs))
    return event, {**about, POSTED_NAMES: posted_names}, unread


def deferred_names(group: KnownGroup, wanted: Wanted) -> Collection[str]:
    """Returns the names that a deferred event may have used for the group."""
    names = {group.key, *([group_key(group.name)] if group.name else [])}
    return names | ({ALL_GROUPS} if wanted is Wanted.ABSENT else set())


async def _group_ids(
    context: Context, event: OnboardingEvent, named: Sequence[GroupRef]
) -> Sequence[str]:
    """Returns the ids of those groups that exist, by which newer events know them."""
    target = context.targets[event.data.target]
    found = [
        await resolve_group(context, ref, target, "data.group", by_hand=True, may_make=False)
        for ref in named
    ]
    return [one.key for one in found if isinstance(one, KnownGroup) and not one.is_new]


def _brings(
    event: OnboardingEvent,
    *,
    users: Sequence[str],
    wanted: Wanted,
    groups: Sequence[str],
    named: int = 1,
    end_of: str = "",
) -> Json:
    """Describes what an event will bring about, for the operator who lists what lies ahead.
    `groups` may have the name and the id of a group; `named` is how many groups the event names."""
    return {
        "target": event.data.target,
        "event": event.id,
        "source": event.source,
        "time": event.time.isoformat(),
        "wanted": str(wanted),
        "users": list(dict.fromkeys(users)),
        "groups": list(groups),
        "named": named,
        "end_of": end_of,
    }


def _by_id(ref: UserRef, user: str | Fault) -> UserRef:
    """Returns the reference to the user by object id, or `ref` if Graph shows no such user."""
    return ref if isinstance(user, Fault) else UserRef(id=UUID(user))


def _group(ref: GroupRef | None) -> str:
    if ref is None:
        return DIRECT
    return str(ref.id) if ref.id is not None else group_key(str(ref.name))

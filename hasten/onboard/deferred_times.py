"""Keeps the times of deferred events. An older event about the same people and groups is then stale
when its own time comes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted, group_key
from hasten.events.envelope import OnboardingEvent
from hasten.events.faults import Fault
from hasten.events.models import GroupRef, Offboard, Onboard, UserRef
from hasten.events.parts import name_of
from hasten.events.references import reference
from hasten.json import Json
from hasten.onboard.plan import UnreadPart
from hasten.onboard.resolve import KnownGroup, ReadError, resolve_group, resolve_users
from hasten.onboard.unread import unread_people
from hasten.records.cancelled import POSTED_NAMES

ALL_GROUPS = "*"
"""Replaces the group id for an offboarding that names no group."""


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
    ids = await _ids(context, event, [ref for ref in refs if ref is not None and ref.name])
    about = brings(event, users=users, wanted=wanted, groups=[*groups, *ids], named=len(refs))
    return event, {**about, POSTED_NAMES: posted_names}, unread


async def _ids(
    context: Context, event: OnboardingEvent, named: Sequence[GroupRef]
) -> Sequence[str]:
    """Returns the ids of those groups that exist, by which newer events know them."""
    target = context.targets[event.data.target]
    found = [
        await resolve_group(context, ref, target, "data.group", by_hand=True, may_make=False)
        for ref in named
    ]
    return [one.key for one in found if isinstance(one, KnownGroup) and not one.is_new]


def brings(
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


def names_of(group: KnownGroup, wanted: Wanted) -> Collection[str]:
    """Returns the names that a deferred event may have used for the group."""
    names = {group.key, *([group_key(group.name)] if group.name else [])}
    return names | ({ALL_GROUPS} if wanted is Wanted.ABSENT else set())


def _by_id(ref: UserRef, user: str | Fault) -> UserRef:
    """Returns the reference to the user by object id, or `ref` if Graph shows no such user."""
    return ref if isinstance(user, Fault) else UserRef(id=UUID(user))


def _group(ref: GroupRef | None) -> str:
    if ref is None:
        return DIRECT
    return str(ref.id) if ref.id is not None else group_key(str(ref.name))

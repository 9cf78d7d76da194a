"""Keeps the times of deferred events. An older event about the same people and groups is then stale
when its own time comes."""

import hashlib
from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted, group_key
from hasten.events.envelope import OnboardingEvent
from hasten.events.faults import Fault
from hasten.events.models import GroupRef, Offboard, Onboard, UserRef
from hasten.json import Json
from hasten.onboard.resolve import KnownGroup, resolve_users

ALL_GROUPS = "*"
"""Replaces the group id for an offboarding that names no group."""


async def note_put_off(context: Context, event: OnboardingEvent) -> Json:
    """Records the event before Hasten keeps it for later. Returns what it will bring about. Raises
    TemporaryError and PermanentError."""
    match event.data:
        case Onboard() as data:
            groups, wanted = [_group(data.group)], Wanted.MEMBER
        case Offboard() as data:
            named = [_group(ref) for ref in data.groups] if data.groups else [ALL_GROUPS]
            groups, wanted = named, Wanted.ABSENT
        case _:
            raise ValueError(f"{event.data.type} has no start")
    found = await resolve_users(context, data.users, "data.users", may_be_gone=True)
    users = [
        reference(ref) if isinstance(user, Fault) else user
        for ref, user in zip(data.users, found, strict=True)
    ]
    await context.people.put_off(data.target, users, wanted, groups, event.time)
    return brings(event, users=users, wanted=wanted, groups=groups)


def brings(
    event: OnboardingEvent,
    *,
    users: Sequence[str],
    wanted: Wanted,
    groups: Sequence[str],
    end_of: str = "",
) -> Json:
    """Describes what an event will bring about, for the operator who lists what lies ahead."""
    return {
        "target": event.data.target,
        "event": event.id,
        "source": event.source,
        "time": event.time.isoformat(),
        "wanted": str(wanted),
        "users": list(dict.fromkeys(users)),
        "groups": list(groups),
        "end_of": end_of,
    }


def reference(ref: UserRef) -> str:
    """Returns a key for a person whose object id is not known."""
    value = str(ref.model_dump()[next(iter(ref.model_fields_set))])
    digest = hashlib.sha256(f"{ref.key}:{value.casefold()}".encode()).hexdigest()[:32]
    return f"ref:{digest}"


def names_of(group: KnownGroup, wanted: Wanted) -> Collection[str]:
    """Returns the names that a deferred event may have used for the group."""
    names = {group.key, *([group_key(group.name)] if group.name else [])}
    return names | ({ALL_GROUPS} if wanted is Wanted.ABSENT else set())


def _group(ref: GroupRef | None) -> str:
    if ref is None:
        return DIRECT
    return str(ref.id) if ref.id is not None else group_key(str(ref.name))

"""Counts the people who can leave a group, which decides how many removals the brake lets pass."""

from collections.abc import Callable

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT
from hasten.domain.sightings import Presence
from hasten.errors import PermanentError
from hasten.records import discovered
from hasten.targets import Target

MAX_GROUPS_COUNTED = 50
"""Maximum number of groups of a target that Hasten counts, with one request each. With more groups
the roster alone decides."""

IsEnough = Callable[[int], bool]
"""Number of people → whether so many people are enough for the removals to pass."""


async def size_of(context: Context, target: Target, group: str) -> int:
    """Returns the number of users who can leave: members of the group, users with a direct
    assignment, or people who are neither disabled nor deleted. Raises TemporaryError and
    PermanentError of Graph."""
    if group == OWN_ACCOUNT:
        people = (await context.roster.load(target.name)).values()
        return sum(seen.presence is Presence.PRESENT for seen in people)
    if group != DIRECT:
        return await _users(context, group)
    found = await discovered.load(context.store, target.name)
    return 0 if found is None else await _direct_users(context, found.service_principal)


async def assigned_people(context: Context, target: Target, is_enough: IsEnough) -> int | None:
    """Returns an upper bound of the people who are assigned now. Until the next comparison the
    roster keeps those whose group was unassigned or deleted. Counts group after group, and stops
    when `is_enough`. Returns None if there are too many groups, or if Graph refuses to count one:
    nobody's removal waits for that. Raises TemporaryError of Graph."""
    found = await discovered.load(context.store, target.name)
    if found is None or len(found.groups) > MAX_GROUPS_COUNTED:
        return None
    people = 0
    try:
        for group in found.groups:
            people += await _users(context, group)
            if is_enough(people):
                return people
        return people + await _direct_users(context, found.service_principal)
    except PermanentError:
        return None


async def _direct_users(context: Context, service_principal: str) -> int:
    return len((await context.directory.assignments(service_principal)).principals("User"))


async def _users(context: Context, group: str) -> int:
    """Returns 0 for a group that was deleted after its people had left. Raises TemporaryError and
    PermanentError of Graph."""
    try:
        return await context.directory.user_count(group)
    except PermanentError:
        if await context.directory.group(group) is None:
            return 0
        raise

"""Counts the people who can leave a group, which decides how many removals the brake lets pass."""

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT
from hasten.domain.sightings import Presence
from hasten.errors import PermanentError
from hasten.ports.directory_values import Members
from hasten.records import discovered
from hasten.targets import Target

MAX_GROUPS_COUNTED = 50
"""Maximum number of groups of a target that Hasten counts, with one request each. With more groups
the roster alone decides."""


async def people_in(context: Context, target: Target, group: str, *, enough: int) -> frozenset[str]:
    """Returns the users who can leave: members of the group, users with a direct assignment, or
    people who are neither disabled nor deleted. Of a group it reads no page after `enough` members:
    Graph's $count comes from an index, and a number that is too large would let a mass of removals
    pass. Raises TemporaryError and PermanentError of Graph."""
    if group == OWN_ACCOUNT:
        people = await context.roster.load(target.name)
        return frozenset(u for u, seen in people.items() if seen.presence is Presence.PRESENT)
    if group != DIRECT:
        return _users(await _members(context, group, enough))
    found = await discovered.load(context.store, target.name)
    if found is None:
        return frozenset()
    return await _direct_users(context, found.service_principal)


async def assigned_people(
    context: Context, target: Target, *, enough: int
) -> frozenset[str] | None:
    """Returns the people who are assigned now, also those who are disabled. Until the next
    comparison the roster keeps those whose group was unassigned or deleted. Reads group after
    group, and stops at `enough` people. Returns None if there are too many groups, if Graph refuses
    to list one, or hides a member of one: nobody's removal waits for that. Raises TemporaryError of
    Graph."""
    found = await discovered.load(context.store, target.name)
    if found is None or len(found.groups) > MAX_GROUPS_COUNTED:
        return None
    people: frozenset[str] = frozenset()
    try:
        for group in found.groups:
            members = await _members(context, group, enough)
            if members.unread:
                return None
            people |= _users(members)
            if len(people) >= enough:
                return people
        return people | await _direct_users(context, found.service_principal)
    except PermanentError:
        return None


async def _direct_users(context: Context, service_principal: str) -> frozenset[str]:
    return (await context.directory.assignments(service_principal)).principals("User")


def _users(members: Members) -> frozenset[str]:
    return frozenset(one.id for one in members.listed if one.counts_for_brake)


async def _members(context: Context, group: str, enough: int) -> Members:
    """Returns nobody for a group that was deleted after its people had left. Raises TemporaryError
    and PermanentError of Graph."""
    try:
        return await context.directory.members(group, enough=enough)
    except PermanentError:
        if await context.directory.group(group) is None:
            return Members([])
        raise

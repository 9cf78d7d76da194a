"""Adds users to a group, twenty to a request. One wrong id does not lose the other nineteen."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from hasten.ports.directory import Directory
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet


class AddResult(StrEnum):
    """What became of one user who should become a member."""

    ADDED = "added"
    THERE = "there"
    """The user was already a member."""

    UNKNOWN = "unknown"
    """No such user exists."""

    LATE = "late"
    """A replica does not know the user yet; the same request succeeds later."""


async def add(directory: Directory, group: str, users: Sequence[str]) -> Mapping[str, AddResult]:
    """Adds at most MAX_LINKS_PER_PATCH users, whom Graph did not list as members, and returns the
    result for each.

    Graph refuses the whole request if one user is already a member or is unknown. Raises NotYet
    when Graph does not show the group itself, and TemporaryError and PermanentError of Graph.
    """
    try:
        await directory.add_members(group, users)
    except AlreadyExists:
        return await _without_members(directory, group, users)
    except Missing:
        if await directory.group(group) is None:
            raise NotYet(f"group {group} does not show yet") from None
        if len(users) > 1:
            return await _one_by_one(directory, group, users)
        known = await directory.users(object_id=users[0])
        return {users[0]: AddResult.LATE if known else AddResult.UNKNOWN}
    return dict.fromkeys(users, AddResult.ADDED)


async def _without_members(
    directory: Directory, group: str, users: Sequence[str]
) -> Mapping[str, AddResult]:
    """Adds the users who are not members yet, and returns the result for each. The list of members
    may lag behind the refusal; then Hasten tries each user alone."""
    if len(users) == 1:
        return {users[0]: AddResult.THERE}
    members = (await directory.members(group)).ids
    rest = [user for user in users if user not in members]
    if len(rest) == len(users):
        return await _one_by_one(directory, group, users)
    there = dict.fromkeys([user for user in users if user in members], AddResult.THERE)
    return {**there, **(await add(directory, group, rest) if rest else {})}


async def _one_by_one(
    directory: Directory, group: str, users: Sequence[str]
) -> Mapping[str, AddResult]:
    joined: dict[str, AddResult] = {}
    for user in users:
        joined |= await add(directory, group, [user])
    return joined

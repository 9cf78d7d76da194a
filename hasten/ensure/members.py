"""Adds users to a group, twenty to a request. A user whom Graph refuses does not lose the other
nineteen."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from hasten.ensure.fence import StoppedError
from hasten.ensure.refusals import Refusals
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory import Directory
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet


class AddResult(StrEnum):
    """What became of one user who should become a member."""

    ADDED = "added"
    THERE = "there"
    """The user was already a member."""

    DOUBTFUL = "doubtful"
    """The user is a member now, and an earlier request of Hasten, to which no answer says what it
    did, may have added them."""

    UNKNOWN = "unknown"
    """No such user exists."""

    LATE = "late"
    """A replica does not know the user yet; the same request succeeds later."""


async def add(
    directory: Directory,
    group: str,
    users: Sequence[str],
    refusals: Refusals,
    *,
    is_repeated: bool,
) -> Mapping[str, AddResult]:
    """Adds at most MAX_LINKS_PER_PATCH users, whom Graph did not list as members. Returns the
    result for each, except for the users whom Graph refused (they are in `refusals`) and those
    whom Hasten did not try because there were too many refusals.

    Graph refuses the whole request if it refuses one of the users, or if one is a member already.
    With `is_repeated`, an earlier request has failed too; then a TemporaryError may come from one
    of the users, and Hasten tries each user alone.

    Raises NotYet when Graph does not show the group itself, StoppedError, the TemporaryError of a
    request for several users unless `is_repeated`, and the TemporaryErrors and PermanentErrors of
    reading the group.
    """
    if len(users) == 1:
        return await _add_one(directory, group, users[0], refusals)
    try:
        await directory.add_members(group, users)
    except AlreadyExists:
        return await _without_members(directory, group, users, refusals, is_repeated=is_repeated)
    except Missing:
        await _check_shown(directory, group)
        return await _one_by_one(directory, group, users, refusals)
    except StoppedError:
        raise
    except PermanentError:
        return await _one_by_one(directory, group, users, refusals)
    except TemporaryError:
        if not is_repeated:
            raise
        became = await _one_by_one(directory, group, users, refusals)
        return {user: _doubted(how) for user, how in became.items()}
    return dict.fromkeys(users, AddResult.ADDED)


async def _add_one(
    directory: Directory, group: str, user: str, refusals: Refusals
) -> Mapping[str, AddResult]:
    try:
        with refusals.of(user):
            await directory.add_members(group, [user])
            return {user: AddResult.ADDED}
    except AlreadyExists:
        return {user: AddResult.THERE}
    except Missing:
        await _check_shown(directory, group)
        with refusals.of(user):
            known = await directory.users(object_id=user)
            return {user: AddResult.LATE if known else AddResult.UNKNOWN}
    return {}


async def _check_shown(directory: Directory, group: str) -> None:
    if await directory.group(group) is None:
        raise NotYet(f"group {group} does not show yet") from None


def _doubted(how: AddResult) -> AddResult:
    """Returns the result of a request that repeats one to which no answer came."""
    return AddResult.DOUBTFUL if how is AddResult.THERE else how


async def _without_members(
    directory: Directory,
    group: str,
    users: Sequence[str],
    refusals: Refusals,
    *,
    is_repeated: bool,
) -> Mapping[str, AddResult]:
    """Adds the users who are not members yet, and returns the result for each. The list of members
    may lag behind the refusal; then Hasten tries each user alone."""
    members = (await directory.members(group)).ids
    rest = [user for user in users if user not in members]
    if len(rest) == len(users):
        return await _one_by_one(directory, group, users, refusals)
    there = dict.fromkeys([user for user in users if user in members], AddResult.THERE)
    if not rest:
        return there
    return {**there, **await add(directory, group, rest, refusals, is_repeated=is_repeated)}


async def _one_by_one(
    directory: Directory, group: str, users: Sequence[str], refusals: Refusals
) -> Mapping[str, AddResult]:
    joined: dict[str, AddResult] = {}
    for user in users:
        if refusals.are_too_many:
            break
        joined |= await _add_one(directory, group, user, refusals)
    return joined

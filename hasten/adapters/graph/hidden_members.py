"""Recognizes groups whose members Graph does not show: to list the members of a group with hidden
membership, an app needs a permission of its own (Graph, list group members). Whether Graph answers
with an empty list or refuses without it is not documented."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from hasten.adapters.graph.answers import RefusedError
from hasten.ports.directory_values import MemberProfiles, Members, UnreadMember

PERMISSION = "Member.Read.Hidden"

NOBODY_SHOWN = Members(
    [], [UnreadMember("", f"the membership is hidden, and the app lacks {PERMISSION}")]
)
NO_ACCOUNTS_SHOWN = MemberProfiles({}, NOBODY_SHOWN.unread)

AreHidden = Callable[[], Awaitable[bool]]
"""Returns whether the members of the group are hidden from this app."""


async def members(reading: Awaitable[Members], are_hidden: AreHidden) -> Members:
    """Returns the list; NOBODY_SHOWN if the members are hidden. Raises TemporaryError and
    PermanentError of Graph."""
    try:
        found = await reading
    except RefusedError as refused:
        await _raise_other(refused, are_hidden)
        return NOBODY_SHOWN
    is_empty = not (found.listed or found.unread)
    return NOBODY_SHOWN if is_empty and await are_hidden() else found


async def profiles(
    reading: Awaitable[MemberProfiles | None], are_hidden: AreHidden
) -> MemberProfiles | None:
    """Returns the accounts; NO_ACCOUNTS_SHOWN if the members are hidden, and None if the group is
    gone. Raises the same errors."""
    try:
        found = await reading
    except RefusedError as refused:
        await _raise_other(refused, are_hidden)
        return NO_ACCOUNTS_SHOWN
    is_empty = found is not None and not (found.by_user or found.unread)
    return NO_ACCOUNTS_SHOWN if is_empty and await are_hidden() else found


async def _raise_other(refused: RefusedError, are_hidden: AreHidden) -> None:
    if refused.status != HTTPStatus.FORBIDDEN or not await are_hidden():
        raise refused

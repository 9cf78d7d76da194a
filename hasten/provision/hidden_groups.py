"""Looks for users in the assigned groups with hidden membership. Whether Graph lists an assignment
through such a group without the permission to read its members is not documented."""

import asyncio
from collections.abc import Collection

from hasten.context import Context
from hasten.ports.directory_values import HIDDEN_MEMBERSHIP
from hasten.watch.list_members import list_members

READS_AT_ONCE = 16


async def may_be_in_hidden_group(context: Context, groups: Collection[str], user: str) -> bool:
    """Returns whether the user is, or may be, a member of one of `groups` whose membership is
    hidden. The process reads each group once. Raises TemporaryError and PermanentError of Graph."""
    turns, known = asyncio.Semaphore(READS_AT_ONCE), context.hidden_groups

    async def read(group: str) -> None:
        async with turns:
            shown = await context.directory.group(group)
        if shown is not None:
            known[group] = shown.get("visibility") == HIDDEN_MEMBERSHIP

    await asyncio.gather(*(read(group) for group in groups if group not in known))
    for group in (group for group in groups if known.get(group)):
        members = await list_members(context, group)
        if user in members.ids or members.may_hide(user):
            return True
    return False

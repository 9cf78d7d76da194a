"""Mirrors members of one group into another, and records which members Hasten added."""

from collections.abc import Sequence

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.intents import Wanted
from hasten.ensure.members import AddResult, add
from hasten.error_collector import ErrorCollector
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory_errors import NotYet
from hasten.records import mirrored_members


async def add_members(
    context: Context, target: str, group: str, users: Sequence[str], errors: ErrorCollector
) -> None:
    """Adds the users, recording them first: after a crash in between, Hasten still knows whom to
    remove later.

    Raises TemporaryError and PermanentError of Graph.
    """
    for chunk in chunks(users, MAX_LINKS_PER_PATCH):
        await mirrored_members.remember(context.store, target, group, chunk, context.now())
        became = await add(context.directory, group, chunk)
        others = [u for u in chunk if became[u] in {AddResult.THERE, AddResult.UNKNOWN}]
        await mirrored_members.forget(context.store, target, group, others)
        for late in (user for user in chunk if became[user] is AddResult.LATE):
            errors.add(NotYet(f"user {late} does not show yet"))


async def remove_members(context: Context, target: str, group: str, users: Sequence[str]) -> None:
    """Removes the users, except those whom an event wants in the group. Raises TemporaryError and
    PermanentError of Graph."""
    for user in users:
        intent = await context.intents.find(target, group, user)
        if intent is None or intent.wanted is not Wanted.MEMBER:
            await context.directory.remove_member(group, user)
    await mirrored_members.forget(context.store, target, group, users)

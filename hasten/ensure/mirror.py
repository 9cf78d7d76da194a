"""Mirrors members of one group into another, and records which members Hasten added."""

from collections.abc import Sequence

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.intents import Intent, Wanted
from hasten.ensure.members import AddResult, add
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.records import mirrored_members


async def add_members(
    context: Context, target: str, group: str, users: Sequence[str]
) -> frozenset[str]:
    """Adds the users, recording them first: after a crash in between, Hasten still knows whom to
    remove later. It forgets only users whom it noted just now and whom Graph has certainly not
    added for it: an earlier write may have added the others. Returns the users whom not every
    replica shows yet.

    Raises TemporaryError and PermanentError of Graph.
    """
    late: list[str] = []
    for chunk in chunks(users, MAX_LINKS_PER_PATCH):
        fresh = await mirrored_members.remember(context.store, target, group, chunk, context.now())
        became = await add(context.directory, group, chunk)
        others = [user for user in fresh if became[user] is not AddResult.ADDED]
        await mirrored_members.forget(context.store, target, group, others)
        late += [user for user in chunk if became[user] is AddResult.LATE]
    return frozenset(late)


async def remove_members(
    context: Context, target: str, group: str, users: Sequence[str]
) -> frozenset[str]:
    """Removes the users, except those whom an event wants in the group, and forgets both. Returns
    the users whom it still knows: an event that wants them has not ended, or Graph finds them to be
    no members. A replica may lag, so that a later list of the members decides.

    Raises TemporaryError and PermanentError of Graph.
    """
    over: set[str] = set()
    for user in users:
        wish = await _wish(context, target, group, user)
        if wish.is_done if wish else await context.directory.remove_member(group, user):
            over.add(user)
    await mirrored_members.forget(context.store, target, group, over)
    return frozenset(users) - over


async def _wish(context: Context, target: str, group: str, user: str) -> Intent | None:
    """Returns the newest intent for the membership if it wants the user in the group."""
    intent = await context.intents.find(target, group, user)
    is_wish = intent is not None and intent.wanted is Wanted.MEMBER and not intent.is_declined
    return intent if is_wish else None

"""Mirrors members of one group into another, and records which members Hasten added."""

from collections.abc import Sequence

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.intents import Intent, Wanted
from hasten.ensure.members import AddResult, add
from hasten.ensure.refusals import Refusals
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.records import mirrored_members

NOT_ADDED = frozenset({AddResult.THERE, AddResult.UNKNOWN, AddResult.LATE})


async def add_members(
    context: Context, target: str, group: str, users: Sequence[str], refusals: Refusals
) -> frozenset[str]:
    """Adds the users, recording them first: after a crash in between, Hasten still knows whom to
    remove later. It forgets only users whom it noted just now and whom Graph has certainly not
    added for it: an earlier write may have added the others. Returns the users for whom it is not
    done: not every replica shows them yet, Graph refused them, or there were too many refusals.

    Raises StoppedError, and TemporaryError and PermanentError of reads and of the store.
    """
    late: list[str] = []
    for chunk in chunks(_from_anywhere(context, users), MAX_LINKS_PER_PATCH):
        if refusals.are_too_many:
            late += chunk
            continue
        fresh = await mirrored_members.remember(context.store, target, group, chunk, context.now())
        became = await add(
            context.directory, group, chunk, refusals, is_repeated=len(fresh) < len(chunk)
        )
        others = [user for user in fresh if became.get(user) in NOT_ADDED]
        await mirrored_members.forget(context.store, target, group, others)
        late += [user for user in chunk if became.get(user, AddResult.LATE) is AddResult.LATE]
    return frozenset(late)


async def remove_members(
    context: Context, target: str, group: str, users: Sequence[str], refusals: Refusals
) -> frozenset[str]:
    """Removes the users, except those whom an event wants in the group, and forgets both. Returns
    the users whom it still knows: an event that wants them has not ended, or Graph finds them to be
    no members. A replica may lag, so that a later list of the members decides. Graph may also
    have refused them, or too many others.

    Raises StoppedError, and TemporaryError and PermanentError of the store.
    """
    over: set[str] = set()
    for user in _from_anywhere(context, users):
        if refusals.are_too_many:
            break
        wish = await _wish(context, target, group, user)
        with refusals.of(user):
            if wish.is_done if wish else await context.directory.remove_member(group, user):
                over.add(user)
    await mirrored_members.forget(context.store, target, group, over)
    return frozenset(users) - over


def _from_anywhere(context: Context, users: Sequence[str]) -> Sequence[str]:
    """Returns the users in turn, beginning with any of them: too many refusals end the work, and
    the same ones must not end it each time."""
    start = int(context.ports.jitter() * len(users))
    return [*users[start:], *users[:start]]


async def _wish(context: Context, target: str, group: str, user: str) -> Intent | None:
    """Returns the newest intent for the membership if it wants the user in the group."""
    intent = await context.intents.find(target, group, user)
    is_wish = intent is not None and intent.wanted is Wanted.MEMBER and not intent.is_declined
    return intent if is_wish else None

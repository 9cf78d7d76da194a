"""Members of one group who become members of another, and the memory of whom Hasten added."""

from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.domain.intents import Wanted
from hasten.ensure.members import Joined, add
from hasten.error_collector import Troubles
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory import NotYet
from hasten.ports.store import MAX_WRITES, Delete, Put

COLLECTION = "mirrored"
"""One document a person, by target and group."""


async def remembered_members(context: Context, target: str, group: str) -> frozenset[str]:
    """Whom Hasten added to the group."""
    documents = await context.store.scan(COLLECTION, _partition(target, group))
    return frozenset(document.key for document in documents)


async def add_members(
    context: Context, target: str, group: str, users: Sequence[str], troubles: Troubles
) -> None:
    """They are remembered first: a crash in between leaves nobody behind whom nothing would
    ever remove."""
    for start in range(0, len(users), MAX_LINKS_PER_PATCH):
        chunk = users[start : start + MAX_LINKS_PER_PATCH]
        await _remember(context, target, group, chunk)
        became = await add(context.directory, group, chunk)
        others = [u for u in chunk if became[u] in {Joined.THERE, Joined.UNKNOWN}]
        await forget_members(context, target, group, others)
        for late in (user for user in chunk if became[user] is Joined.LATE):
            troubles.add(NotYet(f"user {late} does not show yet"))


async def remove_members(context: Context, target: str, group: str, users: Sequence[str]) -> None:
    """All but those whom an event wants there for reasons of its own."""
    for user in users:
        intent = await context.intents.find(target, group, user)
        if intent is None or intent.wanted is not Wanted.MEMBER:
            await context.directory.remove_member(group, user)
    await forget_members(context, target, group, users)


async def forget_members(context: Context, target: str, group: str, users: Collection[str]) -> None:
    partition = _partition(target, group)
    documents = [d for d in await context.store.scan(COLLECTION, partition) if d.key in users]
    for start in range(0, len(documents), MAX_WRITES):
        deletes = [Delete(d.key, d.etag) for d in documents[start : start + MAX_WRITES]]
        await context.store.commit(COLLECTION, partition, deletes)


async def _remember(context: Context, target: str, group: str, users: Sequence[str]) -> None:
    known = await remembered_members(context, target, group)
    since = {"since": context.now().isoformat()}
    writes = [Put(user, since) for user in users if user not in known]
    if writes:
        await context.store.commit(COLLECTION, _partition(target, group), writes)


def _partition(target: str, group: str) -> str:
    return f"{target}|{group}"

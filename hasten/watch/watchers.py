"""Finds the targets that watch a group, and has them mirror it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hasten.context import Context
from hasten.domain.notifications import bounded
from hasten.errors import TemporaryError
from hasten.messages import Mirror
from hasten.ports.directory_values import Member
from hasten.records import discovered
from hasten.twins import twins

UNKNOWN_TARGET_DELAY = timedelta(seconds=30)
"""Delay before another look while the record of a target cannot be read: a sweep writes it."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """The targets to which a group is assigned, one for each job, and those whose policy mirrors
    its members. The targets in `unknown` may watch the group as well: their records cannot be
    read."""

    assigned: Sequence[str] = ()
    mirroring: Sequence[str] = ()
    unknown: Collection[str] = ()

    def __bool__(self) -> bool:
        return bool(self.assigned or self.mirroring)

    def refuse_unknown(self) -> None:
        """Raises TemporaryError if the cursor must not move, because a target might miss what was
        read."""
        if self.unknown:
            raise TemporaryError(
                f"the record of target {min(self.unknown)} cannot be read; a sweep writes it anew",
                UNKNOWN_TARGET_DELAY,
            )


async def watchers_of(context: Context, group: str) -> Watchers:
    everything, unread = await discovered.load_known(context.store)
    watching = [found for found in everything if found.watches(group)]
    served = twins(context, watching)
    return Watchers(
        [found.target for found in watching if found.target not in served],
        [found.target for found in everything if found.mirrors(group)],
        unread & context.targets.keys(),
    )


async def mirror(
    context: Context, group: str, watchers: Watchers, members: Sequence[Member]
) -> None:
    """Asks the targets whose policy mirrors the group to do so now. Call before the cursor
    moves."""
    users = [member for member in members if member.may_be_user]
    added = frozenset(member.id for member in users if not member.removed)
    removed = frozenset(member.id for member in users if member.removed)
    added, removed = bounded(added - removed, removed)
    for target in watchers.mirroring:
        await context.send(Mirror(target=target, source=group, added=added, removed=removed))

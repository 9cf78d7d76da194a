"""Where removed users stand with a target in the directory now: it decides how they are called."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from hasten.domain.changes import Change
from hasten.domain.planning import Standing
from hasten.ports.directory import Directory


async def standings(
    directory: Directory, service_principal: str, removals: Sequence[Change]
) -> Mapping[str, Standing]:
    """By user. A group the user has just left is not counted, even while Graph still lists it."""
    left: dict[str, set[str]] = defaultdict(set)
    for removal in removals:
        left[removal.user].add(removal.group)
    found = await asyncio.gather(
        *(_standing(directory, service_principal, user, left[user]) for user in left)
    )
    return dict(zip(left, found, strict=True))


async def _standing(
    directory: Directory, service_principal: str, user: str, left: Collection[str]
) -> Standing:
    through, enabled = await asyncio.gather(
        directory.assigned_through(user, service_principal), directory.is_enabled(user)
    )
    if through is None or enabled is None:
        return Standing.DELETED
    if not enabled:
        return Standing.DISABLED
    return Standing.ASSIGNED if set(through).difference(left) else Standing.UNASSIGNED

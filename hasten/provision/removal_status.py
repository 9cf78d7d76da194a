"""Where removed users stand with a target in the directory now: it decides how they are called."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import datetime

from hasten.domain.changes import DIRECT, Change
from hasten.domain.ensuring import SETTLED
from hasten.domain.planning import Standing
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory import Directory

Trouble = TemporaryError | PermanentError


async def standings(
    directory: Directory, service_principal: str, removals: Sequence[Change], *, now: datetime
) -> tuple[Mapping[str, Standing], Mapping[str, Trouble]]:
    """By user, and why others could not be read. A group the user has just left is not counted,
    even while Graph still lists it."""
    left: dict[str, set[str]] = defaultdict(set)
    for removal in removals:
        left[removal.user].update(_just_left(removal, now))
    found = await asyncio.gather(
        *(_tried(_standing(directory, service_principal, user, left[user])) for user in left)
    )
    where: dict[str, Standing] = {}
    troubles: dict[str, Trouble] = {}
    for user, one in zip(left, found, strict=True):
        if isinstance(one, Standing):
            where[user] = one
        else:
            troubles[user] = one
    return where, troubles


async def _tried(reading: Awaitable[Standing]) -> Standing | Trouble:
    try:
        return await reading
    except (TemporaryError, PermanentError) as error:
        return error


def _just_left(removal: Change, now: datetime) -> Collection[str]:
    """Later Graph is believed: a group that was unassigned and assigned again has its people back,
    and calling each of them as a user would keep others waiting."""
    if now - removal.noticed_at >= SETTLED:
        return ()
    return (removal.user if removal.group == DIRECT else removal.group,)


async def _standing(
    directory: Directory, service_principal: str, user: str, left: Collection[str]
) -> Standing:
    through, known = await asyncio.gather(
        directory.assigned_through(user, service_principal), directory.user(user)
    )
    if through is None or known is None:
        return Standing.DELETED
    if known.enabled is False:
        return Standing.DISABLED
    return Standing.ASSIGNED if set(through).difference(left) else Standing.UNASSIGNED

"""Worlds in which a user's own account changes, with the results of the drain."""

from hasten.domain.changes import Change
from hasten.domain.planning import GrantsBy
from hasten.messages import Wake
from hasten.targets import Target
from tests.support.people import ADA, Watched
from tests.support.world import TOTAL

WAKE = Wake(target=TOTAL)


async def world_of(*members: str, grants_by: GrantsBy = GrantsBy.GROUP) -> Watched:
    world = Watched(target=Target(name=TOTAL, display_name=TOTAL, grants_by=grants_by))
    await world.begins(*members)
    return world


async def row(world: Watched, person: str = ADA) -> Change:
    known = await world.own_row(person)
    assert known is not None
    return known


def called(world: Watched) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(call.group, call.users) for call in world.directory.calls]

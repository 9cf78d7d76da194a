"""Newly assigned and unassigned groups whose members a lagging replica lists as they were."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

import pytest

from hasten.domain.changes import Action, FoundBy
from hasten.messages import Look, Wake
from hasten.ports.directory_values import Member, Members
from hasten.provision.drain import drain
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.directory import FakeDirectory
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
SALES = "0000bbbb-0000-4000-8000-000000000003"


@dataclass
class Lagging(FakeDirectory):
    """Lists the members without those in `unseen`."""

    unseen: Collection[str] = ()
    reads: int = 0

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        self.reads += 1
        listed = (await super().members(group, enough=enough)).listed
        return Members([member for member in listed if member.id not in self.unseen])


async def minutes_of_sweeps(world: World, minutes: int) -> None:
    for _ in range(minutes):
        await asyncio.sleep(60)
        await sweep(world.context)


@virtual
async def test_a_member_whom_a_lagging_replica_does_not_list_is_provisioned_once_it_does() -> None:
    """The member joined before the cursor began, so that no delta shows it."""
    directory = Lagging(groups=[ENGINEERING])
    world = World(directory=directory)
    await sweep(world.context)
    directory.join(SALES, user(20), user(21))
    directory.groups.append(SALES)
    directory.unseen = {user(21)}
    await minutes_of_sweeps(world, 1)
    assert await open_rows(world) == {(SALES, user(20), Action.ADDED)}

    directory.unseen = ()
    await minutes_of_sweeps(world, 1)

    assert await open_rows(world) == {(SALES, user(n), Action.ADDED) for n in (20, 21)}
    await minutes_of_sweeps(world, 3)
    reads = directory.reads
    await minutes_of_sweeps(world, 2)
    assert directory.reads == reads
    assert world.results("assignment") == ["assigned"]


@virtual
async def test_a_lagging_list_of_a_new_group_does_not_give_access_to_who_has_left() -> None:
    world = await swept()
    world.directory.join(SALES, user(20), user(21))
    world.directory.groups.append(SALES)
    await sweep(world.context)
    await asyncio.sleep(1)
    world.directory.leave(SALES, user(20))
    await look(world.context, Look(group=SALES, noticed_at=now(), found_by=FoundBy.NOTIFICATION))
    read = world.directory.members

    async def as_it_was(group: str, **_: object) -> Members:
        return Members([*(await read(group)).listed, Member(user(20), "user", removed=False)])

    world.directory.members = as_it_was  # type: ignore[method-assign]

    await minutes_of_sweeps(world, 2)

    assert await open_rows(world) == {
        (SALES, user(20), Action.REMOVED),
        (SALES, user(21), Action.ADDED),
    }


@virtual
async def test_a_new_group_that_a_lagging_replica_shows_empty_may_be_too_large_for_calls() -> None:
    directory = Lagging(groups=[ENGINEERING])
    world = World(
        directory=directory, target=Target(name=TOTAL, display_name=TOTAL, most_new_members=3)
    )
    await sweep(world.context)
    directory.join(SALES, *(user(n) for n in range(20, 24)))
    directory.groups.append(SALES)
    directory.unseen = {user(n) for n in range(20, 24)}
    await sweep(world.context)

    directory.unseen = ()
    await minutes_of_sweeps(world, 3)

    assert await open_rows(world) == set()
    assert world.results("assignment") == ["assigned", "left_to_cycle"]


@pytest.mark.parametrize("called", [False, True])
@virtual
async def test_who_joined_just_before_the_group_was_unassigned_is_revoked_though_not_listed(
    *, called: bool
) -> None:
    directory = Lagging(groups=[ENGINEERING, SALES])
    world = World(directory=directory)
    await sweep(world.context)
    directory.join(SALES, user(20))
    await look(world.context, Look(group=SALES, noticed_at=now(), found_by=FoundBy.NOTIFICATION))
    if called:
        await drain(world.context, WAKE)
    directory.groups.remove(SALES)
    directory.unseen = {user(20)}

    await sweep(world.context)

    assert (SALES, user(20), Action.REMOVED) in await open_rows(world)

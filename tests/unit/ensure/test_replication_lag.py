"""Replicas of the directory that lag behind what Hasten has just written."""

import asyncio
from collections.abc import Sequence

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.errors import WrongInputError
from hasten.ports.directory_errors import NotYet
from hasten.ports.directory_values import Member, Members
from tests.support.ensuring import world_with
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, user


@virtual
async def test_a_removal_that_a_lagging_replica_denies_is_tried_again_until_it_is_done() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    await asyncio.sleep(0.5)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=0)
    remove = world.directory.remove_member

    async def knows_nobody_yet(group: str, member: str) -> bool:
        return False

    world.directory.remove_member = knows_nobody_yet  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(NotYet):
            await world.ensures()
        await asyncio.sleep(15)
    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    world.directory.remove_member = remove  # type: ignore[method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == set()
    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_someone_whom_no_replica_shows_for_minutes_has_left_another_way() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    world.directory.leave(ENGINEERING, user(1))
    await asyncio.sleep(121)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=0)

    await world.ensures()

    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_someone_taken_out_a_moment_ago_who_still_shows_is_added_once_they_are_gone() -> None:
    world = await world_with(user(1))
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures()
    await asyncio.sleep(0.5)
    await world.wants(ENGINEERING, user(1), age=0)
    await asyncio.sleep(1)
    read = world.directory.members

    async def as_it_was(group: str, **_: object) -> Members:
        return Members([Member(user(1), "user", removed=False)])

    world.directory.members = as_it_was  # type: ignore[method-assign]
    with pytest.raises(NotYet):
        await world.ensures()
    world.directory.members = read  # type: ignore[method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(1)}
    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED


@virtual
async def test_someone_who_has_just_left_and_is_still_listed_is_added() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    directory = world.directory
    read, add = directory.members, directory.add_members

    async def as_it_was(group: str, **_: object) -> Members:
        return Members([Member(user(1), "user", removed=False)])

    async def knows_better(group: str, members: Sequence[str]) -> None:
        directory.members = read  # type: ignore[method-assign]
        await add(group, members)

    directory.members = as_it_was  # type: ignore[method-assign]
    directory.add_members = knows_better  # type: ignore[method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(1)}
    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED


@virtual
async def test_a_direct_assignment_that_does_not_show_yet_is_not_taken_for_gone() -> None:
    world = await world_with(user(1))
    await world.wants(DIRECT, user(1))
    await world.ensures()
    [given] = world.directory.granted.values()
    hidden = given[:]
    given.clear()
    await asyncio.sleep(0.5)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    with pytest.raises(NotYet):
        await world.ensures()
    given += hidden

    await world.ensures()

    assert world.given(user(1)) == []
    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED


@virtual
async def test_a_group_that_one_replica_shows_and_another_does_not_is_read_again() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    read = world.directory.members

    async def unknown(group: str, **_: object) -> Members:
        raise WrongInputError("Graph answered 404", "check the group")

    world.directory.members = unknown  # type: ignore[method-assign]
    with pytest.raises(NotYet):
        await world.ensures()
    world.directory.members = read  # type: ignore[method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(1)}

"""Members of one group become members of another; only those whom Hasten added leave again."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.applying import StepKind
from hasten.domain.intents import Wanted
from hasten.ensure.apply_policy import apply_policies
from hasten.limits import REPLICATION_SETTLED_AFTER
from tests.support.applying import ADMINS, MONITORED, world_with
from tests.support.slow_store import Slow
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


@virtual
async def test_a_leaver_of_the_source_leaves_the_mirror_if_hasten_added_them() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1), user(2))
    world.directory.join(ENGINEERING, user(2))
    await world.applies()
    world.directory.leave(ADMIN, user(1), user(2))

    assert await world.plans() == ["Remove 1 member who left TOTAL-Admin from TOTAL - Engineering."]
    await world.applies()

    assert await world.members(ENGINEERING) == {user(2)}
    assert await world.applies() == []


@virtual
async def test_people_whom_others_added_are_left_alone() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ENGINEERING, user(5))

    assert await world.applies() == []
    assert await world.members(ENGINEERING) == {user(5)}


@virtual
async def test_a_mirrored_person_whom_an_event_wants_there_too_stays() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    await world.wants(ENGINEERING, user(1), wanted=Wanted.MEMBER)
    await world.ensures()
    world.directory.leave(ADMIN, user(1))

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}
    assert await world.applies() == []


@virtual
async def test_someone_removed_from_the_mirror_by_hand_comes_back_while_in_the_source() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    world.directory.leave(ENGINEERING, user(1))

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_someone_who_left_both_is_forgotten_so_that_a_later_return_is_their_own() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    world.directory.leave(ADMIN, user(1))
    world.directory.leave(ENGINEERING, user(1))
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await world.applies()
    world.directory.join(ENGINEERING, user(1))

    assert await world.applies() == []
    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_a_source_that_is_gone_removes_nobody() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    del world.directory.group_objects[ADMIN]
    world.directory.groups.remove(ADMIN)

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_more_removals_than_the_brake_lets_go_wait_for_someone_to_say_yes() -> None:
    world = await world_with(ADMINS, MONITORED)
    everyone = [user(n) for n in range(11)]
    world.directory.join(ADMIN, *everyone)
    await world.applies()
    world.directory.leave(ADMIN, *everyone)

    await apply_policies(world.context)
    assert len(await world.members(ENGINEERING)) == 11
    assert len(world.problems) == 1
    assert "only `python -m hasten apply --yes`" in (await world.plans())[0]

    await world.applies()
    assert await world.members(ENGINEERING) == set()


@virtual
async def test_the_brake_reports_once_whom_the_policy_may_not_remove_one_after_another() -> None:
    world = await world_with(ADMINS, MONITORED)
    everyone = [user(n) for n in range(15)]
    world.directory.join(ADMIN, *everyone)
    await world.applies()

    for one in everyone:
        world.directory.leave(ADMIN, one)
        await apply_policies(world.context)

    assert len(await world.members(ENGINEERING)) == 5
    assert world.results("brake") == ["held"]


@virtual
async def test_many_are_added_twenty_to_a_request() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, *(user(n) for n in range(45)))

    await world.applies()

    assert len(await world.members(ENGINEERING)) == 45
    assert world.directory.writes == {"add_members": 3}


@virtual
async def test_a_mirror_of_many_people_does_not_read_them_one_after_another() -> None:
    """What events want of the target waits meanwhile. Each request to the store takes time."""
    world = await world_with(ADMINS, MONITORED)
    world.store = Slow(world.store)
    world.directory.join(ADMIN, *(user(n) for n in range(400)))
    began = now()

    await world.plans()

    assert timedelta(0) < now() - began < timedelta(seconds=2)


@virtual
async def test_only_people_are_mirrored_not_nested_groups() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.has_group("nested", "Nested")
    world.directory.nest(ADMIN, "nested")

    assert await world.applies() == []


@pytest.mark.parametrize("kind", ["dynamic", "role-assignable", "synced"])
@virtual
async def test_a_group_that_takes_nobody_by_hand_mirrors_nobody(kind: str) -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.has_group(
        ENGINEERING,
        "TOTAL - Engineering",
        rule="(user.department -ne null)" if kind == "dynamic" else None,
        role_assignable=kind == "role-assignable",
        synced=kind == "synced",
    )
    world.directory.join(ADMIN, user(1))

    assert await world.applies() == [StepKind.PROBLEM]
    assert "also_members_of" in world.problems[0]


@pytest.mark.parametrize("leaves_all", [True, False])
def test_the_mirror_does_not_add_back_whom_an_event_offboarded(*, leaves_all: bool) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(ADMINS, MONITORED)
        world.directory.has_user(user(1))
        world.directory.join(ADMIN, user(1))
        await world.applies()
        assert await world.members(ENGINEERING) == {user(1)}
        if leaves_all:
            await world.context.people.leave(TOTAL, [user(1)], now())
            await world.directory.remove_member(ENGINEERING, user(1))
        else:
            await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
            await world.ensures_until_done()
        assert await world.members(ENGINEERING) == set()

        await world.applies()

        assert await world.members(ENGINEERING) == set()

    run()

"""Leavers of a mirrored group whom Graph refuses to remove do not fill the brake."""

import asyncio
from contextlib import suppress

import pytest

from hasten.domain.brake import BRAKE_WINDOW, MOST_REMOVALS
from hasten.domain.changes import Action, State
from hasten.ensure.apply_policy import apply_unattended
from hasten.errors import PermanentError, TemporaryError
from hasten.records.recent_removals import RecentRemovals, Trip
from hasten.watch.admit import admit
from tests.support.applying import ADMINS, MONITORED, Policed, world_with
from tests.support.refusing import REFUSALS, Refusing
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user

MIRRORED = [user(number) for number in range(1, MOST_REMOVALS)]
OTHERS = [user(number) for number in range(20, 40)]


async def refused(error: str) -> tuple[Policed, Refusing]:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ENGINEERING, *OTHERS)
    world.directory.join(ADMIN, *MIRRORED)
    await world.applies()
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())
    world.directory.leave(ADMIN, *MIRRORED)
    refusing = Refusing(world, MIRRORED, error)
    await runs(world)
    return world, refusing


async def runs(world: Policed) -> None:
    with suppress(PermanentError, TemporaryError):
        await apply_unattended(world.context, world.target)


async def some_leave(world: Policed) -> set[State]:
    leavers = OTHERS[:3]
    world.directory.leave(ENGINEERING, *leavers)
    changes = [found(ENGINEERING, one, Action.REMOVED, 2) for one in leavers]
    return {row.state for row in await admit(world.context, changes)}


@pytest.mark.parametrize("error", REFUSALS)
def test_a_leaver_is_not_held_because_of_them_and_they_go_in_the_end(error: str) -> None:
    @virtual
    async def run() -> None:
        world, refusing = await refused(error)
        for _ in range(3):
            await asyncio.sleep(BRAKE_WINDOW.total_seconds())
            await runs(world)

        assert await some_leave(world) == {State.PENDING}

        refusing.users.clear()
        await asyncio.sleep(BRAKE_WINDOW.total_seconds())
        await runs(world)
        assert await world.members(ENGINEERING) == {*OTHERS[3:]}

    run()


@virtual
async def test_they_count_when_they_leave_first() -> None:
    world, _ = await refused("403")

    assert await some_leave(world) == {State.HELD}


@virtual
async def test_a_trip_holds_them_too() -> None:
    world, refusing = await refused("403")
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())
    await RecentRemovals(world.store).trip(
        Trip(target=TOTAL, group=ENGINEERING, at=now(), reason="many left", next_action="look")
    )
    refusing.users.clear()

    await runs(world)

    assert {*MIRRORED} <= await world.members(ENGINEERING)


@virtual
async def test_who_was_added_again_counts_again() -> None:
    world, refusing = await refused("403")
    refusing.users.clear()
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())
    await runs(world)
    world.directory.join(ADMIN, *MIRRORED)
    await runs(world)
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())
    world.directory.leave(ADMIN, *MIRRORED)

    await runs(world)

    assert await some_leave(world) == {State.HELD}


@virtual
async def test_who_came_back_before_graph_removed_them_counts_again() -> None:
    world, refusing = await refused("403")
    world.directory.join(ADMIN, *MIRRORED)
    await runs(world)
    refusing.users.clear()
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())
    world.directory.leave(ADMIN, *MIRRORED)

    await runs(world)

    assert await some_leave(world) == {State.HELD}

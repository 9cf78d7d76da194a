"""The watch over Hasten's writes in the app finds a wrong one, and takes no right one for wrong."""

from datetime import timedelta
from functools import partial

import pytest

from emulator.graph.seed import TOTAL, object_id
from tests.chaos.app_writes import MAY_LAG, AppWrites
from tests.simulation.oracle import assigned
from tests.simulation.world import World, simulated
from tests.support.virtual_time import virtual

ADA = object_id("user/100")


def wrote(world: World) -> None:
    world.scim.written.append((world.tenant.clock.wall(), ADA))


@virtual
async def test_a_write_about_somebody_who_is_enabled_and_assigned_is_found() -> None:
    async with simulated() as world:
        writes = AppWrites(world)
        writes.look()
        wrote(world)
        writes.look()

    assert list(writes.false) == [ADA]


@pytest.mark.parametrize("back_for", [None, 5.0, MAY_LAG - 1])
def test_a_write_about_somebody_who_was_out_a_moment_ago_is_right(back_for: float | None) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            writes = AppWrites(world)
            world.admin.disable(ADA)
            writes.look()
            if back_for is not None:
                world.admin.enable(ADA)
                writes.look()
                await world.passes(timedelta(seconds=back_for))
            wrote(world)
            writes.look()

        assert writes.false == {}

    scenario()


@virtual
async def test_a_write_long_after_somebody_came_back_is_found() -> None:
    async with simulated() as world:
        writes = AppWrites(world)
        world.admin.disable(ADA)
        writes.look()
        world.admin.enable(ADA)
        writes.look()
        await world.passes(timedelta(seconds=MAY_LAG + 1))
        wrote(world)
        writes.look()

    assert list(writes.false) == [ADA]


@pytest.mark.parametrize("lapse", ["disabled", "out of the group", "deleted"])
def test_a_write_about_somebody_who_was_out_between_two_looks_is_right(lapse: str) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            [group] = world.tenant.directory.groups_of(ADA) & assigned(world.tenant, TOTAL)
            out, back = {
                "disabled": (partial(world.admin.disable, ADA), partial(world.admin.enable, ADA)),
                "out of the group": (
                    partial(world.admin.leave, group, ADA),
                    partial(world.admin.join, group, ADA),
                ),
                "deleted": (partial(world.admin.delete, ADA), partial(world.admin.restore, ADA)),
            }[lapse]
            writes = AppWrites(world)
            writes.look()
            await world.passes(timedelta(seconds=MAY_LAG + 1))
            out()
            wrote(world)
            back()
            writes.look()

        assert writes.false == {}

    scenario()


@pytest.mark.parametrize("moved_for", [5.0, MAY_LAG + 1])
def test_a_write_about_somebody_who_has_moved_is_wrong_once_the_move_is_old(
    moved_for: float,
) -> None:
    """Until then a replica may show neither the old assignment nor the new one."""

    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            [group] = world.tenant.directory.groups_of(ADA) & assigned(world.tenant, TOTAL)
            writes = AppWrites(world)
            writes.look()
            world.admin.assign(ADA)
            writes.look()
            await world.passes(timedelta(seconds=moved_for))
            world.admin.leave(group, ADA)
            wrote(world)
            writes.look()

        assert bool(writes.false) is (moved_for > MAY_LAG)

    scenario()

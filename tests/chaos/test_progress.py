"""The invariant of progress finds a target that stands still, and no other."""

import asyncio
from datetime import timedelta

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from hasten.context import Context
from hasten.ports.bus import PROVISIONING
from tests.chaos.progress import Progress
from tests.simulation.world import World, simulated
from tests.support.virtual_time import virtual

LEAVERS = [object_id(f"user/{number}") for number in range(20, 24)]


async def stalls(world: World, span: timedelta) -> list[str]:
    progress = Progress(world)
    watching = asyncio.create_task(progress.watch())
    await world.passes(span)
    watching.cancel()
    return list(progress.stalls.values())


async def nothing(_: Context) -> None: ...


@pytest.mark.parametrize("stands_in", [True, False])
def test_a_target_whose_trigger_died_stands_still_unless_a_timer_stands_in(
    stands_in: bool,  # noqa: FBT001 - a case of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not stands_in:
        monkeypatch.setattr("hasten.timers.stand_in", nothing)

    @virtual
    async def run() -> None:
        async with simulated() as world:
            world.hosts[0].go_deaf(PROVISIONING)
            world.admin.leave(TOTAL_ENGINEERING, *LEAVERS)

            found = await stalls(world, timedelta(minutes=10))

        assert bool(found) is not stands_in
        assert all("TOTAL stood still from" in line for line in found)

    run()


@virtual
async def test_no_time_counts_in_which_no_instance_lives() -> None:
    async with simulated() as world:
        world.hosts[0].go_deaf(PROVISIONING)
        world.admin.leave(TOTAL_ENGINEERING, *LEAVERS)
        await world.passes(timedelta(seconds=30))
        world.hosts[0].kill()

        assert await stalls(world, timedelta(minutes=10)) == []

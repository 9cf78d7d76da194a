"""The invariant of progress finds a target that stands still, and no other."""

import asyncio
from datetime import timedelta

import pytest

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from hasten.context import Context
from hasten.domain.shared_pace import LimitScope
from hasten.ports.bus import PROVISIONING
from hasten.targets import Target
from tests.chaos.progress import MAX_STANDSTILL, Progress
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

LEAVERS = [object_id(f"user/{number}") for number in range(20, 24)]
MANY = [object_id(f"user/{number}") for number in range(100, 170)]
NO_BRAKE = {"brake_removals": 1000, "brake_target_removals": 1000}


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


@pytest.mark.parametrize("scope", LimitScope)
def test_a_grant_may_wait_while_another_target_needs_the_shared_limit_for_revocations(
    scope: LimitScope,
) -> None:
    @virtual
    async def run() -> None:
        busy, other = TARGET.model_copy(update=NO_BRAKE), Target(name="App-1", display_name="App-1")
        graph = GraphOptions(users=520, more_targets=1, entra=EntraBehaviours.kind())
        async with simulated(targets=(busy, other), graph=graph, limit_scope=scope) as world:
            world.admin.leave(TOTAL_ENGINEERING, *MANY)
            await world.passes(timedelta(seconds=20))
            world.admin.join(object_id("group/App-1-Users"), *newcomers(1))
            asked = now()

            assert await stalls(world, timedelta(minutes=3)) == []

        app = object_id("servicePrincipal/App-1")
        first = min(call.at for call in world.to_graph.calls if call.app == app)
        assert (first - asked > MAX_STANDSTILL) is (scope is LimitScope.TENANT)

    run()


@virtual
async def test_no_time_counts_in_which_no_instance_lives() -> None:
    async with simulated() as world:
        world.hosts[0].go_deaf(PROVISIONING)
        world.admin.leave(TOTAL_ENGINEERING, *LEAVERS)
        await world.passes(timedelta(seconds=30))
        world.hosts[0].kill()

        assert await stalls(world, timedelta(minutes=10)) == []

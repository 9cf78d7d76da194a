"""The further targets of a storm get other names, and are left out of targets.yaml for a while."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import pytest

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.seed import object_id
from hasten.targets import Mode, Target
from tests.chaos import moved_targets
from tests.chaos.deployments import Deployments
from tests.chaos.moved_targets import LEFT_BEHIND, MovedTargets
from tests.chaos.targets import app_of
from tests.simulation.oracle import differences
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import virtual

APP = Target(name="App-1", display_name="App-1")
GROUP = object_id("group/App-1-Users")
GRAPH = GraphOptions(users=520, more_targets=1, entra=EntraBehaviours.kind())
NEVER, ALWAYS = 0.0, 1.0


async def moved(world: World, before: Callable[[], Awaitable[None]]) -> MovedTargets:
    """The target is renamed, or left out, soon after `before`; somebody joins it meanwhile."""
    targets = MovedTargets(world, Deployments(world, Random(2)), Counter(), Random(1))
    watching = asyncio.create_task(targets.watch())
    await before()
    for _ in range(2):
        targets.maybe_act()  # a target that is out is not moved again
    await world.passes(timedelta(seconds=30))
    world.admin.join(GROUP, *newcomers(1, first=310))
    await targets.are_done()
    await world.passes(LEFT_BEHIND + timedelta(minutes=1))
    watching.cancel()
    return targets


@pytest.fixture(autouse=True)
def moves_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moved_targets, "OFTEN", ALWAYS)


@pytest.mark.parametrize(
    ("renames", "comes_renamed", "name"),
    [(ALWAYS, NEVER, "App-1_2"), (NEVER, NEVER, "App-1"), (NEVER, ALWAYS, "App-1_1")],
)
def test_a_target_that_moves_loses_nothing(
    renames: float, comes_renamed: float, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved_targets, "RENAMES", renames)
    monkeypatch.setattr(moved_targets, "RETURNS_RENAMED", comes_renamed)

    @virtual
    async def run() -> None:
        async with simulated(hosts=2, targets=(TARGET, APP), graph=GRAPH) as world:

            async def somebody_joins() -> None:
                world.admin.join(GROUP, *newcomers(1))

            targets = await moved(world, somebody_joins)

            assert [target.name for target in world.around.targets] == ["TOTAL", name]
            assert len(targets.outs) == (0 if renames else 1)
            assert differences(world.tenant, app_of(name)) == []
            assert targets.false == {}

    run()


@pytest.mark.parametrize("mode", Mode)
def test_what_is_left_behind_under_a_former_name_is_found_once_the_target_makes_calls(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object, **__: object) -> bool:
        return True

    monkeypatch.setattr("hasten.watch.hand_over.move_records", nothing)
    monkeypatch.setattr(moved_targets, "RENAMES", ALWAYS)

    @virtual
    async def run() -> None:
        app = APP.model_copy(update={"mode": mode})
        async with simulated(hosts=2, targets=(TARGET, app), graph=GRAPH) as world:

            async def somebody_waits() -> None:
                world.tenant.targets[app_of("App-1")].quarantine("Unknown")
                await world.passes(timedelta(minutes=2))
                world.admin.leave(GROUP, *list(world.tenant.directory.groups[GROUP].members)[:1])
                await world.passes(timedelta(minutes=1))

            targets = await moved(world, somebody_waits)

            assert len(targets.false) == (1 if mode is Mode.ACT else 0)

    run()

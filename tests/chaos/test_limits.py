"""Graph may refuse calls only while `auto` finds a shared limit, and in a seam of a deployment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL
from hasten.domain.shared_pace import LimitScope
from hasten.targets import Mode
from tests.chaos.deployments import Deployments, Seam
from tests.chaos.limits import calls_above_the_limit
from tests.simulation.world import TARGET, World, simulated
from tests.support.virtual_time import now, virtual

APPS = (TARGET, TARGET.model_copy(update={"name": "App-1", "display_name": "App-1"}))


def exceeds(world: World, *seconds_ago: float) -> None:
    wall = world.tenant.clock.wall()
    world.tenant.targets[TOTAL].violated_at += [wall - ago for ago in seconds_ago]


def counted(world: World, seams: Sequence[Seam] = (), *, was_auto: bool = False) -> bool:
    exceeding, allowed = calls_above_the_limit(world, seams, was_auto=was_auto)
    return exceeding > allowed


@pytest.mark.parametrize(
    ("ago", "is_shared", "counts"),
    [(30, True, False), (15, True, False), (5, True, True), (70, True, True), (30, False, True)],
)
@virtual
async def test_calls_that_exceed_the_limit_count_outside_of_seams(
    ago: float,
    is_shared: bool,  # noqa: FBT001 - a case of the table
    counts: bool,  # noqa: FBT001 - a case of the table
) -> None:
    async with simulated() as world:
        await world.passes(timedelta(minutes=2))
        switches = world.tenant.switches
        switches.now = replace(switches.now, shared_window=is_shared)
        seam = Seam(now() - timedelta(seconds=60), now() - timedelta(seconds=20))
        exceeds(world, ago)

        assert counted(world, [seam]) is counts
        assert counted(world, [Seam(now() - timedelta(minutes=2), now())]) is not is_shared


@virtual
async def test_auto_may_exceed_a_shared_limit_by_a_window_of_each_further_target() -> None:
    async with simulated() as world:
        switches = world.tenant.switches
        switches.now = replace(switches.now, shared_window=True)
        world.around.targets = APPS
        exceeds(world, *range(5))

        assert not counted(world, was_auto=True)
        assert counted(world)
        exceeds(world, 6)
        assert counted(world, was_auto=True)


@virtual
async def test_only_a_deployment_after_which_other_calls_are_counted_together_has_a_seam() -> None:
    async with simulated(hosts=2) as world:
        deployments = Deployments(world, Random(2))
        deployments.update("TOTAL", users=False)
        await deployments.deploy()
        assert not deployments.seams

        deployments.update("TOTAL", mode=Mode.OBSERVE)
        began = now()
        ended = await deployments.deploy()
        assert deployments.seams == [Seam(began, ended)]

        deployments.limit_scope = LimitScope.TENANT
        await deployments.deploy()
        assert world.around.limit_scope is LimitScope.TENANT
        assert len(deployments.seams) == 2

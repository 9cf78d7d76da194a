"""Somebody whom an administrator assigned without a group, and events that take the assignment and
give it back."""

from datetime import timedelta

import pytest

from emulator.graph.seed import TOTAL
from hasten.policy import Allowance, GroupPolicy
from hasten.targets import Target
from tests.simulation.oracle import active
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import newcomers, simulated
from tests.support.virtual_time import virtual

POLICY = Target(
    name="TOTAL",
    display_name="TOTAL",
    groups=(GroupPolicy(name="TOTAL-Engineering"),),
    direct=Allowance.ALLOW,
)
NEXT_CYCLE = timedelta(hours=40)


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("gap", [10, 20, 45])
def test_whoever_is_assigned_again_soon_gets_access_before_the_next_cycle(
    gap: float, seed: int
) -> None:
    """The replicas still show the first assignment, and then none, when Hasten writes the second
    one."""

    @virtual
    async def run() -> None:
        async with simulated(seed, hosts=2, targets=(POLICY,)) as world:
            world.tenant.targets[TOTAL].next_cycle = (
                world.tenant.clock.time() + NEXT_CYCLE.total_seconds()
            )
            [user] = newcomers(1)
            world.admin.assign(user)
            await world.until(lambda: user in active(world.tenant, TOTAL))
            await world.passes(timedelta(minutes=5))

            await world.upstream.post(OFFBOARD, users=[{"id": user}])
            await world.passes(timedelta(seconds=gap))
            await world.upstream.post(ONBOARD, users=[{"id": user}])
            await world.passes(timedelta(minutes=10))

            assert user in active(world.tenant, TOTAL)
            assert world.is_in_step()

    run()

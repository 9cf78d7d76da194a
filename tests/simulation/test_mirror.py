"""An admin group is mirrored seconds after Graph's notification, whatever replicas show."""

from datetime import timedelta

import pytest

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING
from hasten.policy import GroupPolicy
from hasten.targets import Target
from tests.simulation.faults import CALM, Rates
from tests.simulation.measuring import Measured
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import virtual

POLICY = Target(
    name="TOTAL",
    display_name="TOTAL",
    groups=(
        GroupPolicy(name="TOTAL-Admin", admin=True),
        GroupPolicy(name="TOTAL-Engineering", also_members_of=("TOTAL-Admin",)),
    ),
)
BUSY = Rates(graph_throttled=0.02, graph_unavailable=0.01)
AT_ONCE, SOON = 15.0, 120.0
"""Seconds from the change to the mirrored membership: far below the ten minutes of the timer."""


@pytest.mark.parametrize(
    ("rates", "replication", "most"),
    [(CALM, 0.0, AT_ONCE), (BUSY, 20.0, SOON)],
    ids=["calm", "busy, and replicas lag"],
)
@pytest.mark.parametrize("assigned", [True, False])
def test_an_admin_who_joins_or_leaves_is_mirrored_long_before_the_timer(
    assigned: bool,  # noqa: FBT001 - a parameter of the test
    rates: Rates,
    replication: float,
    most: float,
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        options = GraphOptions.kind(users=400, replication_delay=replication)
        async with simulated(targets=(POLICY,), graph=options, rates=rates) as world:
            await world.passes(timedelta(minutes=11))  # the policy is applied once
            if not assigned:
                world.admin.unassign(TOTAL_ADMIN)
                await world.passes(timedelta(minutes=2))
            [admin] = newcomers(1)

            world.admin.join(TOTAL_ADMIN, admin)
            joined = await world.until(lambda: admin in members(world))
            await world.passes(timedelta(minutes=1))
            world.admin.leave(TOTAL_ADMIN, admin)
            left = await world.until(lambda: admin not in members(world))

            record_property("seconds from the change to the mirror", round(max(joined, left)))
            assert max(joined, left) < most

    run()


def members(world: World) -> list[str]:
    return list(world.tenant.directory.groups[TOTAL_ENGINEERING].members)

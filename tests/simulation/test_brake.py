"""Many people who leave a group at once, or one by one, are held until an operator has looked."""

from datetime import timedelta

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, object_id
from hasten.domain.changes import State
from hasten.domain.outcomes import ALERT
from tests.simulation.measuring import Measured
from tests.simulation.oracle import active
from tests.simulation.world import World, simulated
from tests.support.virtual_time import virtual

GROUP = object_id("group/TOTAL-Group-1")
HUNDRED = GraphOptions.kind(users=400, more_groups=(1, 100))
THRESHOLD = 20
"""20 % of a hundred members."""

OUTCOMES = "provisioning-outcomes/subscriptions/all"


def test_sixty_of_a_hundred_who_leave_in_one_look_are_held_and_released_by_one_command(
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        async with simulated(graph=HUNDRED) as world:
            leavers = members(world)[:60]
            world.admin.leave(GROUP, *leavers)
            await world.passes(timedelta(minutes=3))

            assert len(await held(world)) == 60
            assert world.to_graph.calls == []
            assert [alert["result"] for alert in alerts(world)] == ["held"]

            assert await world.release() == 60
            took = await world.until(world.is_in_step)
            record_property("held", 60)
            record_property("seconds from release to the last revocation", round(took))
            assert not active(world.tenant, TOTAL).keys() & set(leavers)

    run()


@virtual
async def test_sixty_who_leave_one_by_one_are_held_after_the_threshold() -> None:
    async with simulated(graph=HUNDRED) as world:
        leavers = members(world)[:60]
        for leaver in leavers:
            world.admin.leave(GROUP, leaver)
            await world.passes(timedelta(seconds=1))
        await world.passes(timedelta(minutes=3))

        called = (await world.report()).users_called
        assert len(called) <= THRESHOLD
        assert len(called) + len(await held(world)) == 60
        assert {alert["result"] for alert in alerts(world)} == {"held"}


def members(world: World) -> list[str]:
    return list(world.tenant.directory.groups[GROUP].members)


async def held(world: World) -> list[str]:
    return [row.user for row in await world.rows() if row.state is State.HELD]


def alerts(world: World) -> list[dict[str, str]]:
    told = [message.body for message in world.bus.waiting(OUTCOMES)]
    return [event["data"] for event in told if event["type"] == ALERT]

"""What gets lost or is down: notifications, subscriptions, Graph itself, one of two targets."""

from datetime import timedelta

import pytest

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from hasten.domain.changes import State
from hasten.targets import Target
from tests.simulation.faults import Rates
from tests.simulation.measuring import Measured
from tests.simulation.oracle import differences
from tests.simulation.world import TARGET, newcomers, simulated
from tests.support.virtual_time import now, virtual

LEAVERS = [object_id(f"user/{number}") for number in range(100, 105)]
RECONCILE = timedelta(minutes=5)
CALLS_TAKE = timedelta(seconds=15)

OTHER = Target(name="App-1", display_name="App-1")
OTHER_ID = object_id("servicePrincipal/App-1")
OTHER_GROUP = object_id("group/App-1-Users")


def test_with_every_notification_lost_changes_are_provisioned_within_one_reconcile_period(
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        async with simulated(rates=Rates(notification_dropped=1.0)) as world:
            longest = 0.0
            for number, leaver in enumerate(LEAVERS):
                world.admin.join(TOTAL_ENGINEERING, *newcomers(3, 310 + 3 * number))
                world.admin.leave(TOTAL_ENGINEERING, leaver)
                longest = max(longest, await world.until(world.is_in_step))
                await world.passes(timedelta(seconds=77))

            record_property("longest wait in seconds", round(longest))
            assert longest <= (RECONCILE + CALLS_TAKE).total_seconds()

    run()


@virtual
async def test_deleted_subscriptions_come_back_by_timer_and_their_gap_is_reconciled() -> None:
    async with simulated() as world:
        world.tenant.subscriptions.clear()
        world.admin.join(TOTAL_ENGINEERING, *newcomers(3))
        world.admin.leave(TOTAL_ENGINEERING, LEAVERS[0])

        took = await world.until(world.is_in_step)
        await world.until(lambda: len(world.tenant.subscriptions.live()) == 3)

        assert took <= (RECONCILE + CALLS_TAKE).total_seconds()
        await world.until(world.is_quiet)
        world.admin.join(TOTAL_ENGINEERING, *newcomers(1, 320))
        assert await world.until(world.is_in_step) < 10


@pytest.mark.parametrize("down", ["", "provisionOnDemand"], ids=["all of Graph", "calls"])
def test_the_first_call_after_an_outage_of_half_an_hour_is_the_removal(
    down: str, record_property: Measured
) -> None:
    @virtual
    async def run() -> None:
        async with simulated() as world:
            fault = {"path": down, "status": 503, "times": 10**9, "identity_only": True}
            world.tenant.faults.add(fault)
            world.admin.join(TOTAL_ENGINEERING, *newcomers(12))
            await world.passes(timedelta(minutes=10))
            world.admin.leave(TOTAL_ENGINEERING, LEAVERS[0])
            world.admin.join(TOTAL_ENGINEERING, *newcomers(3, 330))
            await world.passes(timedelta(minutes=20))
            world.tenant.faults.clear()
            recovered = now()

            took = await world.until(world.is_in_step)
            await world.until(world.is_quiet)

            after = [call for call in world.to_graph.calls if call.at >= recovered]
            record_property("calls during the outage", len(world.to_graph.calls) - len(after))
            record_property("seconds from recovery to all in step", round(took))
            assert after[0].users == (LEAVERS[0],)
            assert (await world.report()).limit_violations == 0

    run()


@virtual
async def test_a_quarantined_target_waits_with_the_reason_and_delays_no_other() -> None:
    options = GraphOptions.kind(users=400, more_targets=1)
    async with simulated(targets=(TARGET, OTHER), graph=options) as world:
        quarantined = world.tenant.targets[OTHER_ID]
        quarantined.quarantine("EncounteredQuarantineException")
        world.admin.join(OTHER_GROUP, *newcomers(3))
        world.admin.join(TOTAL_ENGINEERING, *newcomers(3))

        assert await world.until(world.is_in_step) < 10

        await world.passes(timedelta(minutes=6))
        waiting = [row for row in await world.rows() if row.target == "App-1"]
        assert {row.state for row in waiting} == {State.WAITING}
        assert all("in quarantine" in row.reason for row in waiting)
        assert (quarantined.calls, differences(world.tenant, TOTAL)) == (0, [])
        quarantined.start()
        quarantined.next_cycle += 3600
        took = await world.until(lambda: not differences(world.tenant, OTHER_ID))
        assert took <= (RECONCILE + CALLS_TAKE).total_seconds() + 60
        assert quarantined.calls > 0


@virtual
async def test_a_reconcile_of_a_hundred_groups_without_change_takes_four_requests() -> None:
    async with simulated(graph=GraphOptions.kind(users=400, more_groups=(100, 10))) as world:
        await world.hosts[0].fire("look")
        await world.until(world.is_quiet)
        before = sum(world.tenant.journal.by_path.values())

        await world.hosts[0].fire("look")
        await world.until(world.is_quiet)

        assert sum(world.tenant.journal.by_path.values()) - before == 3 + 1

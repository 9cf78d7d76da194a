"""Onboarding events that come for a new group, more than once, and out of order."""

from datetime import timedelta

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, TOTAL_ROLE
from hasten.policy import Creation, GroupPolicy
from hasten.targets import Target
from tests.simulation.measuring import Measured
from tests.simulation.oracle import active
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ENGINEERING = {"name": "TOTAL-Engineering"}
NEW = "TOTAL-Design"
POLICY = Target(
    name="TOTAL",
    display_name="TOTAL",
    groups=(
        GroupPolicy(name="TOTAL-Engineering"),
        GroupPolicy(name=NEW, role="User", create=Creation(description="Designers")),
    ),
)
[JOINER] = newcomers(1)
OUTCOMES = "provisioning-outcomes/subscriptions/all"
WITHIN = timedelta(minutes=6)


def test_a_new_hire_in_a_group_that_is_not_there_yet_is_provisioned_while_entra_replicates(
    record_property: Measured,
) -> None:
    @virtual
    async def run() -> None:
        options = GraphOptions.kind(users=400, assignment_replication_delay=60.0)
        async with simulated(targets=(POLICY,), graph=options) as world:
            await world.upstream.post(ONBOARD, users=[{"id": JOINER}], group={"name": NEW})

            took = await world.until(lambda: JOINER in active(world.tenant, TOTAL), WITHIN)
            await world.until(world.is_quiet)

            [group] = [g for g in world.tenant.directory.groups.values() if g.name == NEW]
            report = await world.report()
            record_property("seconds until provisioned", round(took))
            record_property("calls on demand", report.calls)
            assert active(world.tenant, TOTAL)[JOINER] == {group.id}
            assert _roles(world, group.id) == [TOTAL_ROLE]
            assert ("succeeded", "event-1") in _told(world) or ("in_sync", "event-1") in _told(
                world
            )
            assert not [name for name in report.events if name.startswith("change failed")]
            assert report.calls <= 5
            assert took < 150

    run()


@virtual
async def test_the_same_event_three_times_makes_one_member_and_one_call() -> None:
    async with simulated(targets=(POLICY,)) as world:
        body = await world.upstream.post(ONBOARD, users=[{"id": JOINER}], group=ENGINEERING)
        for _ in range(2):
            await world.upstream.post_raw(body)

        await world.until(lambda: JOINER in active(world.tenant, TOTAL))
        await world.until(world.is_quiet)
        await world.upstream.post_raw(body)
        await world.until(world.is_quiet)

        report = await world.report()
        assert (report.calls, report.open_rows) == (1, [])
        assert report.requests["PATCH /groups/{id}"] == 1


@virtual
async def test_the_newest_of_two_events_out_of_order_wins_without_a_call() -> None:
    async with simulated(targets=(POLICY,)) as world:
        earlier = now() - timedelta(minutes=5)
        users = [{"id": JOINER}]
        await world.upstream.post(OFFBOARD, users=users, groups=[ENGINEERING])
        await world.until(world.is_quiet)
        await world.upstream.post(ONBOARD, time=earlier, users=users, group=ENGINEERING)
        await world.until(world.is_quiet)

        assert JOINER not in world.tenant.directory.groups[TOTAL_ENGINEERING].members
        assert world.to_graph.calls == []
        assert ("stale", "event-2") in _told(world)


@virtual
async def test_onboard_and_offboard_within_a_second_leave_nobody_in_and_call_nobody() -> None:
    async with simulated(targets=(POLICY,)) as world:
        users = [{"id": JOINER}]
        await world.upstream.post(ONBOARD, users=users, group=ENGINEERING)
        await world.passes(timedelta(seconds=0.3))
        await world.upstream.post(OFFBOARD, users=users)
        await world.until(world.is_quiet)

        report = await world.report()
        assert JOINER not in world.tenant.directory.groups[TOTAL_ENGINEERING].members
        assert JOINER not in active(world.tenant, TOTAL)
        assert (report.differences, report.open_rows) == ([], [])
        assert report.calls <= 1


def _roles(world: World, group: str) -> list[str]:
    given = [a for a in world.tenant.assignments if a.principal.id == group]
    return [assignment.app_role for assignment in given]


def _told(world: World) -> set[tuple[str, str]]:
    """(result, event) of each outcome that names an event."""
    data = [message.body["data"] for message in world.bus.waiting(OUTCOMES)]
    return {(one["result"], cause["id"]) for one in data for cause in one.get("causes", ())}

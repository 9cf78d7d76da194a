"""What the ledger says when Entra does otherwise than it is asked: never that access was taken
while the app has the account active, or the membership."""

from datetime import timedelta
from typing import Any

import pytest

from emulator.engine.on_demand import failed
from emulator.engine.target import Target as EmulatedTarget
from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING, object_id
from hasten.domain.changes import Change, State
from hasten.policy import Allowance, GroupPolicy
from hasten.targets import Target
from tests.simulation.defaults import USERS
from tests.simulation.oracle import active, differences
from tests.simulation.upstream import OFFBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import virtual

LEAVER = object_id("user/100")
HOUR = timedelta(hours=1)
POLICY = Target(
    name="TOTAL", display_name="TOTAL", groups=(GroupPolicy(name="*"),), direct=Allowance.ALLOW
)


def a_tenant(**entra: Any) -> GraphOptions:
    return GraphOptions(users=USERS, entra=EntraBehaviours.kind(log_as_captured=True, **entra))


def without_cycle(world: World, hours: float = 3) -> None:
    world.tenant.targets[TOTAL].next_cycle = world.tenant.clock.time() + hours * 3600


async def row_of(world: World, user: str) -> Change:
    [row] = [row for row in await world.rows() if row.user == user]
    return row


def alerts(world: World) -> list[str]:
    return [event.result for _, event in world.around.events if event.name == "alert"]


@pytest.mark.parametrize(
    ("behaviour", "calls"),
    [
        ("skip_out_of_scope", 6),
        ("no_delete_flow", 6),
        ("no_active_mapping", 6),
        ("no_update_flow", 6),
    ],
)
def test_a_leaver_whose_account_entra_leaves_active_ends_in_an_alert(
    behaviour: str, calls: int
) -> None:
    @virtual
    async def run() -> None:
        async with simulated(graph=a_tenant(**{behaviour: True})) as world:
            without_cycle(world)
            world.admin.leave(TOTAL_ENGINEERING, LEAVER)
            await world.passes(HOUR)

            row = await row_of(world, LEAVER)
            assert LEAVER in active(world.tenant, TOTAL)
            assert row.state is State.FAILED
            assert alerts(world) == ["revocation_not_taken"]
            assert len(world.to_graph.calls) == calls

    run()


@virtual
async def test_a_leaver_who_keeps_another_group_is_left_to_the_cycle_and_then_to_its_log() -> None:
    async with simulated(graph=a_tenant(members_not_removed=True)) as world:
        without_cycle(world, hours=1)
        world.admin.join(TOTAL_ADMIN, LEAVER)
        await world.passes(timedelta(minutes=10))
        world.admin.leave(TOTAL_ENGINEERING, LEAVER)
        await world.passes(timedelta(minutes=20))

        rows = {row.group: row for row in await world.rows() if row.user == LEAVER}
        row = rows[TOTAL_ENGINEERING]
        assert TOTAL_ENGINEERING in active(world.tenant, TOTAL)[LEAVER]
        assert row.state is State.LEFT_TO_CYCLE
        assert row.expected_at is not None

        await world.passes(HOUR)

        rows = {row.group: row for row in await world.rows() if row.user == LEAVER}
        assert TOTAL_ENGINEERING not in active(world.tenant, TOTAL)[LEAVER]
        assert rows[TOTAL_ENGINEERING].state in {State.DONE_BY_CYCLE, State.LEFT_TO_CYCLE}


@pytest.mark.parametrize("lag", [20.0, 45.0, 90.0])
def test_joiners_get_in_though_entra_counts_an_assignment_late(lag: float) -> None:
    @virtual
    async def run() -> None:
        async with simulated(graph=a_tenant(assignment_lag=lag)) as world:
            without_cycle(world)
            joiners = newcomers(3)
            world.admin.join(TOTAL_ENGINEERING, *joiners)
            await world.passes(timedelta(minutes=8))

            assert set(joiners) <= active(world.tenant, TOTAL).keys()

    run()


@pytest.mark.parametrize("lag", [4.0, 10.0, 30.0])
@pytest.mark.parametrize("apart", [None, 0, 2, 12])
def test_two_removals_of_one_person_disable_the_account_though_replicas_lag(
    lag: float, apart: float | None
) -> None:
    """Reads show both memberships, then one, after each is gone."""

    @virtual
    async def run() -> None:
        graph = GraphOptions(
            users=USERS,
            more_groups=(1, 100),
            replication_delay=lag,
            entra=EntraBehaviours.kind(removals_lag=True, log_as_captured=True),
        )
        other = object_id("group/TOTAL-Group-1")
        async with simulated(graph=graph, targets=(POLICY,), hosts=2) as world:
            [user] = newcomers(1)
            world.admin.join(TOTAL_ENGINEERING, user)
            world.admin.join(other, user)
            await world.passes(timedelta(minutes=4))
            assert differences(world.tenant, TOTAL) == []
            without_cycle(world)

            if apart is None:
                await world.upstream.post(OFFBOARD, users=[{"id": user}])
            else:
                for group in (TOTAL_ENGINEERING, other):
                    groups = [{"id": group}]
                    await world.upstream.post(OFFBOARD, users=[{"id": user}], groups=groups)
                    await world.passes(timedelta(seconds=apart))
            await world.passes(HOUR / 6)

            assert user not in active(world.tenant, TOTAL)

    run()


@pytest.mark.parametrize("bad", ["leaver", "joiner"])
def test_somebody_whose_call_always_fails_keeps_nobody_waiting(
    bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = LEAVER if bad == "leaver" else newcomers(1, first=320)[0]
    apply = EmulatedTarget._apply

    def refuse(self: EmulatedTarget, asked: Any) -> Any:
        if asked.subject.id == broken or any(member.id == broken for member in asked.members):
            return failed(asked.subject, "InternalServerError", asked.members)
        return apply(self, asked)

    monkeypatch.setattr(EmulatedTarget, "_apply", refuse)

    @virtual
    async def run() -> None:
        async with simulated(hosts=2) as world:
            without_cycle(world)
            if bad == "leaver":
                world.admin.leave(TOTAL_ENGINEERING, broken)
            else:
                world.admin.join(TOTAL_ENGINEERING, broken)
            await world.passes(timedelta(minutes=20))
            leavers = [object_id(f"user/{number}") for number in range(101, 106)]
            joiners = newcomers(10)
            world.admin.leave(TOTAL_ENGINEERING, *leavers)
            world.admin.join(TOTAL_ENGINEERING, *joiners)
            await world.passes(timedelta(minutes=2))

            there = active(world.tenant, TOTAL)
            assert not set(leavers) & there.keys()
            assert set(joiners) <= there.keys()

    run()

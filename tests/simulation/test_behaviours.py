"""Every behaviour of the emulated Entra ID, alone and together: nobody gains access, nobody is
lost, and no row claims what is not so."""

from dataclasses import fields
from datetime import timedelta

import pytest

from emulator.entra.behaviours import EntraBehaviours, RetryAfter
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING, object_id
from hasten.domain.changes import State
from hasten.policy import Allowance, GroupPolicy
from hasten.targets import Target
from tests.chaos.claims import Claims
from tests.simulation.defaults import USERS
from tests.simulation.oracle import active, differences
from tests.simulation.upstream import OFFBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import virtual

POLICY = Target(
    name="TOTAL", display_name="TOTAL", groups=(GroupPolicy(name="*"),), direct=Allowance.ALLOW
)
JOINERS = newcomers(7)
LEAVER, MOVED, OFFBOARDED = (object_id(f"user/{number}") for number in (100, 101, 102))
TAKEN_FROM = {LEAVER, OFFBOARDED}
FIRST_CYCLE = timedelta(minutes=9)
BEFORE_IT = timedelta(minutes=8)
AFTER_IT, UNTIL_ALERTS = timedelta(minutes=6), timedelta(minutes=66)
"""The cycle; and the time in which a removal that never takes ends in an alert."""

VALUES = {
    "replicas": (1, 5),
    "subscription_limit": (1,),
    "resource_units": (300,),
    "assignment_lag": (45.0, 170.0),
    "replica_lag": (10.0, 60.0),
    "log_lag": (480.0,),
    "clock_behind": (1.0, 120.0),
    "retry_after": tuple(RetryAfter),
}
LEAVE_ACTIVE = frozenset(
    {"skip_out_of_scope", "no_delete_flow", "no_update_flow", "no_active_mapping"}
)
"""Settings with which no call and no cycle disables an account: only an alert helps."""

SETS = {
    "default": EntraBehaviours(),
    "kind": EntraBehaviours.kind(),
    **{
        f"{field.name}={value}": EntraBehaviours.kind(**{field.name: value})
        for field in fields(EntraBehaviours)
        for value in VALUES.get(field.name, (True,))
    },
    **{
        f"default, {name}": EntraBehaviours(**{name: True})  # type: ignore[arg-type]
        for name in sorted(LEAVE_ACTIVE)
    },
}


@pytest.mark.parametrize("name", SETS)
def test_whatever_entra_does_the_app_follows_or_an_alert_says_that_it_does_not(name: str) -> None:
    @virtual
    async def run() -> None:
        entra = SETS[name]
        graph = GraphOptions(users=USERS, entra=entra)
        async with simulated(hosts=2, graph=graph, targets=(POLICY,)) as world:
            claims = Claims(world, frozenset)
            world.tenant.targets[TOTAL].next_cycle = (
                world.tenant.clock.time() + FIRST_CYCLE.total_seconds()
            )
            await play(world)
            for _ in range(BEFORE_IT // timedelta(minutes=1)):
                await world.passes(timedelta(minutes=1))
                claims.look()
            before = active(world.tenant, TOTAL)
            left_active = any(getattr(entra, setting) for setting in LEAVE_ACTIVE)
            await world.passes(UNTIL_ALERTS if left_active else AFTER_IT)
            claims.look()

            assert claims.false == {}
            assert set(JOINERS) <= before.keys()
            if entra.sync_all:
                return  # everyone is in scope: who has what does not depend on groups
            await assert_taken(world, left_active=left_active, before=set(before))
            rest = {d.user for d in differences(world.tenant, TOTAL)}
            assert rest <= (TAKEN_FROM if left_active else set())

    run()


async def play(world: World) -> None:
    world.admin.join(TOTAL_ENGINEERING, *JOINERS)
    world.admin.leave(TOTAL_ENGINEERING, LEAVER)
    world.admin.join(TOTAL_ADMIN, MOVED)
    world.admin.leave(TOTAL_ENGINEERING, MOVED)
    await world.upstream.post(OFFBOARD, users=[{"id": OFFBOARDED}])


async def assert_taken(world: World, *, left_active: bool, before: set[str]) -> None:
    """Access was taken on demand, or each leaver has a row that says that it was not."""
    if not left_active:
        assert not TAKEN_FROM & before
        return
    rows = {row.user: row for row in await world.rows() if row.user in TAKEN_FROM}
    alerts = [e.result for _, e in world.around.events if e.name == "alert"]
    assert {row.state for row in rows.values()} == {State.FAILED}
    assert "revocation_not_taken" in alerts

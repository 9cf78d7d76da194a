"""The operator of a storm decides by the real API and pages, and what goes wrong is found."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING
from hasten.domain.changes import DISCARDED, State
from hasten.targets import Target
from tests.chaos import operator as operators
from tests.chaos.cast import CAST
from tests.chaos.operations import Operations
from tests.chaos.operator import Operator
from tests.chaos.reasons import DISCARDED as AN_OPERATOR_DISCARDED
from tests.chaos.reasons import why_only_a_cycle
from tests.chaos.stops import UNDER_WAY, calls_of_stopped
from tests.simulation.front import Front
from tests.simulation.oracle import differences
from tests.simulation.world import TARGET, World, simulated
from tests.support.virtual_time import now, virtual

APP = Target(name="App-1", display_name="App-1")
MANY = 60
"""Of 200: more than the brake lets pass."""


async def hold(world: World) -> list[str]:
    """People whom the brake holds, because they left at once."""
    group = world.tenant.directory.groups[TOTAL_ENGINEERING]
    leavers = list(group.members)[:MANY]
    world.admin.leave(TOTAL_ENGINEERING, *leavers)
    await world.passes(timedelta(minutes=3))
    held = [row.user for row in await world.rows() if row.state is State.HELD]
    assert sorted(held) == sorted(leavers)
    return held


def acting(world: World, seed: int = 1) -> Operator:
    return Operator(world, Operations(world, Random(seed)), Random(seed))


@virtual
async def test_what_an_operator_discards_is_left_to_the_cycle_and_nothing_else_is() -> None:
    async with simulated() as world:
        held = await hold(world)
        answer = await Front(world).post(
            "/held/discard", {"target": "TOTAL", "users": held[:2], "reason": "not now"}
        )
        assert answer is not None
        assert answer.status_code == 200
        rows = await world.rows()
        people = Operations(world, Random(1))

        why = {
            difference.user: why_only_a_cycle(difference, TOTAL, world, people, rows)
            for difference in differences(world.tenant, TOTAL)
        }

    assert why == {user: AN_OPERATOR_DISCARDED if user in held[:2] else None for user in held}


@virtual
async def test_a_row_that_counts_as_discarded_and_nobody_discarded_is_found() -> None:
    async with simulated() as world:
        await hold(world)
        operator = acting(world)
        [row, *_] = await world.rows()
        lost = replace(row, state=State.LEFT_TO_CYCLE, reason=DISCARDED)

        assert len(operator.wrongly_discarded([lost])) == 1
        operator.discarded.add((row.target, row.user))
        assert operator.wrongly_discarded([lost]) == []


@virtual
async def test_decisions_are_carried_out_and_everything_is_started_again() -> None:
    async with simulated(hosts=2) as world:
        await hold(world)
        people = Operations(world, Random(3))
        operator = Operator(world, people, Random(3))
        for _ in range(120):
            operator.maybe_act()
            await world.passes(timedelta(seconds=30))
        await operator.is_done()

        assert operator.false == []
        assert {"release", "discard", "provision now", "stop calls"} <= people.counts.keys()
        assert people.counts["stop calls"] == people.counts["start calls"]
        assert operator.stops
        assert list(calls_of_stopped(world, operator)) == []


@virtual
async def test_an_answer_that_says_done_and_is_not_in_the_history_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with simulated() as world:
        operator = acting(world)
        monkeypatch.setattr(world.store, "texts", lambda *_: iter(()))
        monkeypatch.setattr(operators, "OFTEN", 1.0)
        for _ in range(20):
            operator.maybe_act()
        await operator.is_done()

    assert any("no entry" in line for line in operator.false)


@virtual
async def test_a_host_may_not_know_a_target_that_its_targets_yaml_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operators, "OFTEN", 1.0)
    async with simulated(hosts=2, targets=(TARGET, APP)) as world:
        for host in world.hosts[1:]:
            host.kill()
            world.around.targets = (TARGET,)
            host.start()
        world.around.targets = (TARGET, APP)
        operator = acting(world)
        for _ in range(40):
            operator.maybe_act()
            await world.passes(timedelta(seconds=30))
        await operator.is_done()

        assert operator.false == []
        assert operator.stops


@virtual
async def test_a_host_that_does_not_know_a_target_of_its_targets_yaml_is_found() -> None:
    async with simulated(hosts=2, targets=(TARGET,)) as world:
        for host in world.hosts:
            host.targets |= {APP.name}
        world.around.targets = (TARGET, APP)
        operator = acting(world)
        name = APP.name
        sends = [
            lambda _: operator._asks(name, Front(world).get("/held", target=name)),
            operator._api("/stop", target=name),
            operator._form("/stop", target=name),
            operator._form("/provision", target=name, user=CAST[0]),
        ]
        for number, send in enumerate(sends, start=1):
            assert await send("why") is None
            assert len(operator.false) == number


@virtual
async def test_a_call_for_a_target_that_was_stopped_is_found() -> None:
    async with simulated() as world:
        operator = acting(world)
        world.admin.leave(TOTAL_ENGINEERING, CAST[10])
        await world.passes(timedelta(seconds=30))
        [call, *_] = world.to_graph.calls

        for target, before in [("TOTAL", True), ("*", True), ("App-1", True), ("TOTAL", False)]:
            began = call.at - UNDER_WAY - timedelta(seconds=1 if before else -1)
            operator.stops = [(target, began, now())]
            is_found = bool(list(calls_of_stopped(world, operator)))
            assert is_found is (before and target != "App-1")

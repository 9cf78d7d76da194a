"""A write to Entra ID gets no answer, and takes effect after the same write has been sent again and
after a newer event: the newer event is what remains."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING
from hasten.limits import READ_TIMEOUT
from hasten.policy import GroupPolicy
from hasten.targets import Target
from tests.simulation.graph import GraphTransport
from tests.simulation.oracle import active
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import newcomers, simulated
from tests.support.posting import GROUP
from tests.support.virtual_time import virtual

POLICY = Target(name="TOTAL", display_name="TOTAL", groups=(GroupPolicy(name="TOTAL-Engineering"),))
[PERSON] = newcomers(1)
JOIN: tuple[str, Mapping[str, Any]] = ONBOARD, {"group": GROUP}
LEAVE: tuple[str, Mapping[str, Any]] = OFFBOARD, {"groups": [GROUP]}
LATE = READ_TIMEOUT + timedelta(seconds=15)


@pytest.mark.parametrize(
    ("older", "newer", "method"), [(JOIN, LEAVE, "PATCH"), (LEAVE, JOIN, "DELETE")]
)
def test_a_write_that_takes_effect_late_does_not_undo_a_newer_one(
    older: tuple[str, Mapping[str, Any]],
    newer: tuple[str, Mapping[str, Any]],
    method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange, late = GraphTransport.exchange, list[asyncio.Task[None]]()

    async def arrive(graph: GraphTransport, request: httpx.Request) -> None:
        await asyncio.sleep(LATE.total_seconds())
        await exchange(graph, request)

    async def lose_the_first(graph: GraphTransport, request: httpx.Request) -> httpx.Response:
        if request.method == method and "/groups/" in request.url.path and not late:
            late.append(asyncio.create_task(arrive(graph, request)))
            await asyncio.sleep(timedelta(hours=1).total_seconds())
        return await exchange(graph, request)

    @virtual
    async def run() -> None:
        async with simulated(targets=(POLICY,)) as world:
            world.tenant.targets[TOTAL].next_cycle = world.tenant.clock.time() + 7200
            if older is LEAVE:
                await world.upstream.post(JOIN[0], users=[{"id": PERSON}], **JOIN[1])
                await world.passes(timedelta(minutes=3))
            monkeypatch.setattr(GraphTransport, "exchange", lose_the_first)
            await world.upstream.post(older[0], users=[{"id": PERSON}], **older[1])
            await world.passes(timedelta(seconds=2))
            await world.upstream.post(newer[0], users=[{"id": PERSON}], **newer[1])
            await world.passes(timedelta(minutes=6))

            members = world.tenant.directory.groups[TOTAL_ENGINEERING].members
            assert (PERSON in members) is (newer is JOIN)
            assert (PERSON in active(world.tenant, TOTAL)) is (newer is JOIN)
            assert late[0].done()

    run()

"""The network of one host stalls while it adds someone to a group, and a newer event takes that
person out meanwhile: the newer event is what remains."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING
from hasten.policy import GroupPolicy
from hasten.targets import Target
from tests.simulation.faults import Rates
from tests.simulation.lifeline import Lifeline
from tests.simulation.oracle import active
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import newcomers, simulated
from tests.support.posting import GROUP
from tests.support.virtual_time import now, virtual

POLICY = Target(name="TOTAL", display_name="TOTAL", groups=(GroupPolicy(name="TOTAL-Engineering"),))
[PERSON] = newcomers(1)
TIMEOUT = timedelta(seconds=60)
"""After which the client gives up a request whose packets go nowhere."""


class Network:
    """Of the host that sends the first PATCH: until a time its packets go nowhere, and the request
    that it sent then ends a while later still."""

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._host: Lifeline | None = None

    async def wait(self, host: Lifeline, call: str) -> None:
        is_write = call.startswith("PATCH")
        if is_write and self._host is None:
            self._host = host
        left = self._until - now()
        if host is self._host and left > timedelta(0):
            await asyncio.sleep((left + TIMEOUT if is_write else left).total_seconds())


@pytest.mark.parametrize("stalled", [0, 20, 29, 31, 40, 60])
@pytest.mark.parametrize("groups", [{}, {"groups": [GROUP]}])
def test_a_grant_that_a_newer_revocation_overtook_does_not_last(
    stalled: int, groups: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    carry = Lifeline.carry

    @virtual
    async def run() -> None:
        rates = Rates(lock_lost=1.0 if stalled else 0.0)
        async with simulated(hosts=2, targets=(POLICY,), rates=rates) as world:
            world.tenant.targets[TOTAL].next_cycle = world.tenant.clock.time() + 7200
            network = Network(now() + timedelta(seconds=stalled))

            async def stall(host: Lifeline, name: str, *args: Any) -> Any:
                await network.wait(host, name)
                return await carry(host, name, *args)

            monkeypatch.setattr(Lifeline, "carry", stall)
            await world.upstream.post(ONBOARD, users=[{"id": PERSON}], group=GROUP)
            await world.passes(timedelta(seconds=10))
            await world.upstream.post(OFFBOARD, users=[{"id": PERSON}], **groups)
            await world.passes(timedelta(minutes=12))

            members = world.tenant.directory.groups[TOTAL_ENGINEERING].members
            assert PERSON not in members
            assert PERSON not in active(world.tenant, TOTAL)

    run()

"""A timer's receiver in the simulated world: a lock that runs out meanwhile loses no message."""

import asyncio
from datetime import datetime
from random import Random

import pytest

from hasten.ports.bus import ONBOARDING_EVENTS, Message, Received
from tests.simulation.bus import SimulatedBus
from tests.simulation.faults import Faults
from tests.simulation.lifeline import Lifeline
from tests.simulation.receiver import HostReceiver
from tests.support.virtual_time import virtual

LOCK_SECONDS = 60


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("seconds", [1, LOCK_SECONDS + 1, 3 * LOCK_SECONDS])
@virtual
async def test_a_message_whose_lock_ran_out_is_delivered_again(
    *, seconds: int, fails: bool
) -> None:
    bus = SimulatedBus()
    receiver = HostReceiver(bus, Lifeline(Random(1), Faults(Random(1)), lambda: None))
    await bus.send(ONBOARDING_EVENTS, [Message(body={"n": 1}, message_id="1")])

    async def handle(_: Received, _since: datetime) -> None:
        await asyncio.sleep(seconds)
        await receiver.waiting_since(ONBOARDING_EVENTS)  # Service Bus notices the time
        if fails:
            raise ValueError("a bug")

    if fails:
        with pytest.raises(ValueError, match="a bug"):
            await receiver.receive(ONBOARDING_EVENTS, 20, handle)
    else:
        assert await receiver.receive(ONBOARDING_EVENTS, 20, handle) == 1

    is_delivered_again = fails or seconds > LOCK_SECONDS
    assert bus.namespace.stats()[ONBOARDING_EVENTS]["active"] == int(is_delivered_again)

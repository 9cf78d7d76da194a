"""A worker that dies has its message delivered again at once, while its last beat is still
fresh."""

import asyncio
from dataclasses import replace

import pytest

from hasten.messages import Ensure, Wake
from hasten.ports.bus import ENSURE, PROVISIONING
from hasten.records.lease import acquire
from hasten.records.lease_record import BEAT_INTERVAL, BEAT_SILENT_AFTER, WorkKind
from hasten.wiring import receive
from tests.support.delivery import received
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

MESSAGES = {
    PROVISIONING: (WorkKind.DRAIN, Wake(target=TOTAL)),
    ENSURE: (WorkKind.ENSURE, Ensure(target=TOTAL)),
}


async def delivers(world: World, queue: str, deliveries: int) -> None:
    message = MESSAGES[queue][1].message("a-wake")
    await receive(world.context, replace(received(queue, message), deliveries=deliveries))


async def with_a_leaver(queue: str) -> World:
    """A worker has taken the lease, and has not beaten since."""
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    assert await acquire(world.store, TOTAL, MESSAGES[queue][0], owner="worker", now=now)
    return world


@pytest.mark.parametrize("queue", MESSAGES)
def test_a_message_that_comes_again_is_kept_until_the_holder_must_have_beaten(queue: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await with_a_leaver(queue)
        await asyncio.sleep(1)

        await delivers(world, queue, deliveries=2)

        [copy] = world.bus.of(queue)
        assert copy.at is not None
        assert copy.at - now() >= BEAT_SILENT_AFTER + BEAT_INTERVAL
        assert copy.body["tries"] == 1

    scenario()


@pytest.mark.parametrize("queue", MESSAGES)
def test_a_message_that_comes_for_the_first_time_is_left_to_the_holder(queue: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await with_a_leaver(queue)
        await asyncio.sleep(1)

        await delivers(world, queue, deliveries=1)

        assert world.bus.of(queue) == []

    scenario()


@virtual
async def test_the_revocation_of_a_worker_that_died_is_called_within_half_a_minute() -> None:
    world = await with_a_leaver(PROVISIONING)
    await delivers(world, PROVISIONING, deliveries=2)
    [copy] = world.bus.of(PROVISIONING)
    assert copy.at is not None
    await asyncio.sleep((copy.at - now()).total_seconds())

    await receive(world.context, received(PROVISIONING, copy))

    assert [call.users for call in world.directory.calls] == [(user(1),)]
    assert (now() - world.directory.calls[0].at).total_seconds() < 30

"""When a timer receives the messages of a queue, and what it leaves to functions that work."""

import asyncio

from hasten.messages import Wake
from hasten.operate.health import app_health
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE, PROVISIONING
from hasten.provision.drain import drain
from hasten.stand_in import stand_in
from hasten.watch.look import start_watching
from tests.support.standing_in import later, lies, quiet_for, silent, wants
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


@virtual
async def test_a_message_that_lies_unreceived_is_handled_and_so_are_its_rows() -> None:
    world = World()
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    world.directory.join(ENGINEERING, user(1))
    lies(world)

    await later(59)
    await stand_in(world.context)
    assert await world.ledger.open_changes(TOTAL) == []

    await later(1)
    await stand_in(world.context)

    assert len(world.directory.calls) == 1
    assert world.receiver.waiting == []
    assert silent(world) == [(DIRECTORY_CHANGES, None), (PROVISIONING, TOTAL)]


async def two_silent_triggers() -> World:
    """A look lies in its queue, and an intent waits as long."""
    world = await quiet_for(3600)
    await wants(world)
    lies(world)
    await later(60)
    return world


@virtual
async def test_the_row_of_an_intent_is_called_by_the_same_timer_when_all_triggers_are_silent() -> (
    None
):
    world = await two_silent_triggers()

    await stand_in(world.context)

    assert len(world.directory.calls) == 1
    assert silent(world) == [(DIRECTORY_CHANGES, None), (ENSURE, TOTAL), (PROVISIONING, TOTAL)]


@virtual
async def test_the_row_of_an_intent_is_left_to_a_trigger_that_works() -> None:
    world = await two_silent_triggers()
    standing_in = asyncio.create_task(stand_in(world.context))
    while not world.bus.of(PROVISIONING):
        await later(0.1)

    await drain(world.context, Wake(target=TOTAL))
    await standing_in

    assert len(world.directory.calls) == 1
    assert silent(world) == [(DIRECTORY_CHANGES, None), (ENSURE, TOTAL)]


@virtual
async def test_an_intent_of_a_moment_ago_is_left_to_its_message_beside_a_silent_trigger() -> None:
    world = await quiet_for(3600)
    lies(world)
    await later(60)
    standing_in = asyncio.create_task(stand_in(world.context))
    await later(4.9)

    await wants(world)
    await standing_in

    assert silent(world) == [(DIRECTORY_CHANGES, None)]


@virtual
async def test_a_message_for_which_a_function_runs_is_left_to_it() -> None:
    world = World()
    lies(world)
    world.receiver.running += [one for _, one in world.receiver.waiting]

    await later(300)
    await stand_in(world.context)

    assert silent(world) == []


@virtual
async def test_a_message_of_a_moment_ago_does_not_make_a_trigger_silent_that_works_for_long() -> (
    None
):
    world = World()
    lies(world)
    world.receiver.running += [one for _, one in world.receiver.waiting]
    await later(300)
    lies(world, "2")

    await stand_in(world.context)

    assert (silent(world), world.receiver.running) == ([], [w[1] for w in world.receiver.waiting])
    assert not any("reached" in str(p) for p in (await app_health(world.context)).problems)


@virtual
async def test_a_queue_that_is_busy_is_not_silent() -> None:
    world = World()
    lies(world)

    await later(300)
    await world.context.arrivals.note(DIRECTORY_CHANGES)
    await stand_in(world.context)

    assert len(world.receiver.waiting) == 1

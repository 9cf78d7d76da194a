"""When a timer carries out intents, and when it leaves them to their message."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.operate.health import app_health
from hasten.operate.release_intents import release_intents
from hasten.ports.bus import ENSURE
from hasten.records.lease import acquire
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.stand_in import stand_in
from hasten.timers import run
from hasten.watch.look import start_watching
from tests.support.ensuring import world_with
from tests.support.standing_in import comes, later, quiet_for, silent, wants
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


@virtual
async def test_an_intent_that_no_message_has_reached_is_brought_about() -> None:
    world = await world_with(user(7))
    await start_watching(world.context, ENGINEERING)
    await world.wants(ENGINEERING, user(7))
    await world.adopts()
    await later(60)

    await stand_in(world.context)

    assert world.directory.writes["add_members"] == 1
    assert silent(world) == [(ENSURE, TOTAL)]


@virtual
async def test_an_intent_that_waits_for_its_next_try_is_left_to_its_message() -> None:
    world = World()
    await world.is_discovered()
    await later(3600)
    await wants(world)
    lease = await acquire(world.store, TOTAL, WorkKind.ENSURE, owner="worker", now=now)
    assert lease is not None
    assert await lease.release()

    await later(290)
    await run(world.context, "wake")
    assert (silent(world), world.bus.of(ENSURE)) == ([], [])

    await later(10)
    await run(world.context, "wake")
    assert [m.body["target"] for m in world.bus.of(ENSURE)] == [TOTAL]

    await later(120)
    await stand_in(world.context)
    assert silent(world) == [(ENSURE, TOTAL)]


@virtual
async def test_the_first_intent_after_a_quiet_time_is_left_to_its_message() -> None:
    """The timer comes between the write of the intent and the message that follows it."""
    world = await quiet_for(3600)
    await wants(world)

    await stand_in(world.context)
    await later(59)
    await stand_in(world.context)
    assert (world.directory.writes, silent(world)) == ({}, [])

    await later(1)
    await stand_in(world.context)
    assert (world.directory.writes["add_members"], silent(world)) == (1, [(ENSURE, TOTAL)])


@pytest.mark.parametrize("opened", ["released", "opened again", "due"])
def test_an_old_intent_that_may_be_worked_on_only_now_is_left_to_its_message(opened: str) -> None:
    @virtual
    async def body() -> None:
        world = await quiet_for(0)
        await wants(world)
        intents = world.context.intents
        [intent] = await intents.open_intents(TOTAL)
        if opened == "released":
            await intents.update([intent], lambda i: replace(i, held="60 of 100 leave"))
        elif opened == "opened again":
            await intents.finish([intent], "succeeded")
        else:
            at = now() + timedelta(hours=1)
            await intents.update([intent], lambda i: replace(i, not_before=at))
        await comes(world, WorkKind.ENSURE)
        await later(3600)

        if opened == "released":
            await release_intents(world.context, TOTAL, await intents.open_intents(TOTAL))
        elif opened == "opened again":
            await intents.reopen(TOTAL, [intent.key], now())
        await stand_in(world.context)
        await later(59)
        await stand_in(world.context)
        assert silent(world) == []

        await later(1)
        await stand_in(world.context)
        assert silent(world) == [(ENSURE, TOTAL)]

    body()


@virtual
async def test_a_worker_that_died_is_no_silent_trigger() -> None:
    """The policy had the lease, and an intent waits for its next try."""
    world = await quiet_for(0)
    await wants(world)
    await comes(world, WorkKind.ENSURE)
    await later(100)
    dead = await acquire(
        world.store, TOTAL, WorkKind.ENSURE, owner="dead", now=now, by=WokenBy.POLICY
    )
    assert dead is not None

    await later(21)
    await stand_in(world.context)

    assert (world.directory.writes["add_members"], silent(world)) == (1, [])
    assert not any("reached" in str(p) for p in (await app_health(world.context)).problems)

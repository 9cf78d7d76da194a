"""When a timer does the work of a trigger, and when it leaves the work to the trigger."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Cause, FoundBy, State
from hasten.domain.intents import Intent, Wanted
from hasten.errors import TemporaryError
from hasten.messages import Look, Wake
from hasten.operate.health import app_health
from hasten.operate.release_intents import release_intents
from hasten.operate.stop import stop
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE, PROVISIONING
from hasten.provision.drain import drain
from hasten.records import lease_record
from hasten.records.lease import acquire
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.stand_in import stand_in
from hasten.timers import run
from hasten.watch.look import start_watching
from tests.support.delivery import received
from tests.support.ensuring import world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


async def later(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def with_a_leaver() -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    return world


def silent(world: World) -> list[tuple[object, object]]:
    """The queues and targets of which the log says that no message comes."""
    events = [event for event in world.events if event.name == "trigger"]
    return [(event.fields["queue"], event.fields.get("target")) for event in events]


@virtual
async def test_a_row_that_no_message_has_reached_for_a_minute_is_called() -> None:
    world = await with_a_leaver()
    await later(59)
    await stand_in(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.PENDING

    await later(1)
    await stand_in(world.context)

    assert len(world.directory.calls) == 1
    [event] = [event for event in world.events if event.name == "trigger"]
    assert (event.problem, silent(world)) == (True, [(PROVISIONING, TOTAL)])


@virtual
async def test_the_next_row_does_not_wait_while_no_message_comes() -> None:
    world = await with_a_leaver()
    await later(60)
    await stand_in(world.context)
    world.directory.join(ENGINEERING, user(2))
    await world.left(ENGINEERING, user(2))

    await later(1)
    await stand_in(world.context)

    assert len(world.directory.calls) == 2


@virtual
async def test_a_row_that_a_message_has_just_reached_is_left_to_the_next_message() -> None:
    world = await with_a_leaver()
    await later(120)
    lease = await acquire(world.store, TOTAL, WorkKind.DRAIN, owner="worker", now=now)
    assert lease is not None
    assert await lease.release()

    await later(60)
    await stand_in(world.context)

    assert silent(world) == []


@virtual
async def test_a_worker_that_lives_is_left_alone() -> None:
    world = await with_a_leaver()
    held = await acquire(
        world.store, TOTAL, WorkKind.DRAIN, owner="another", now=now, by=WokenBy.STAND_IN
    )
    assert held is not None
    await later(120)
    await held.beat()

    await stand_in(world.context)

    assert (world.directory.calls, silent(world)) == ([], [])


@virtual
async def test_the_row_of_a_worker_that_died_is_called_without_any_message() -> None:
    """It stalled past the lock of its message, which another worker completed."""
    world = await with_a_leaver()
    assert await acquire(world.store, TOTAL, WorkKind.DRAIN, owner="dead", now=now)

    await later(90)
    await stand_in(world.context)

    assert len(world.directory.calls) == 1


@virtual
async def test_the_rows_of_a_worker_that_died_do_not_wait_for_a_silent_trigger() -> None:
    world = await with_a_leaver()
    await later(40)
    assert await acquire(world.store, TOTAL, WorkKind.DRAIN, owner="dead", now=now)

    await later(21)
    await stand_in(world.context)

    assert (len(world.directory.calls), silent(world)) == (1, [])
    assert not (await lease_record.load(world.store, TOTAL, WorkKind.DRAIN)).is_stood_in_for


@virtual
async def test_a_target_that_somebody_stopped_stays_stopped() -> None:
    world = await with_a_leaver()
    await stop(world.context, TOTAL, by="operator-1", reason="odd removals")

    await later(120)
    await stand_in(world.context)

    assert (world.directory.calls, silent(world)) == ([], [])


async def wants(world: World) -> None:
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(7),
        wanted=Wanted.MEMBER,
        time=now(),
        cause=Cause("/hr", "1"),
        recorded_at=now(),
    )
    await world.context.intents.record([intent])


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


async def comes(world: World, kind: WorkKind, by: WokenBy = WokenBy.MESSAGE) -> None:
    """A worker comes and finds nothing to do."""
    lease = await acquire(world.store, TOTAL, kind, owner="worker", now=now, by=by)
    assert lease is not None
    assert await lease.release()


async def quiet_for(seconds: float) -> World:
    """A world in which the last event came so long ago."""
    world = await world_with(user(7))
    await start_watching(world.context, ENGINEERING)
    await world.adopts()
    await comes(world, WorkKind.ENSURE)
    await later(seconds)
    return world


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


def lies(world: World, name: str = "1") -> None:
    """A look is in its queue."""
    look = Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    world.receiver.waiting.append((now(), received(DIRECTORY_CHANGES, look.message(name))))


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

    await drain(world.context, WAKE)
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


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("a defect"), "crashed"),
        (TemporaryError("no answer", timedelta(seconds=1)), "postponed"),
    ],
)
def test_an_error_about_intents_keeps_no_row_waiting_and_surfaces(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("hasten.stand_in.ensure", breaks)

    @virtual
    async def body() -> None:
        world = await with_a_leaver()
        await wants(world)
        await later(60)
        try:
            await run(world.context, "wake")
        except KeyError:
            assert told == "crashed"

        assert len(world.directory.calls) == 1
        assert world.results("timer") == [told]

    body()


@virtual
async def test_status_names_the_function_until_a_message_comes() -> None:
    world = await with_a_leaver()
    await later(60)
    await stand_in(world.context)
    [told] = [str(p) for p in (await app_health(world.context)).problems if "reached" in str(p)]
    assert "no message of provisioning about TOTAL has reached its function yet" in told
    assert "check that the function provisioning is enabled" in told

    await later(1)
    await drain(world.context, WAKE)

    problems = (await app_health(world.context)).problems
    assert not any("reached" in str(problem) for problem in problems)
    assert (await lease_record.load(world.store, TOTAL, WorkKind.DRAIN)).came_at == now()

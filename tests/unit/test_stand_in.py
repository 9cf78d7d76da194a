"""When a timer does the work of a trigger, and when it leaves the work to the trigger."""

from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.operate.health import app_health
from hasten.operate.stop import stop
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from hasten.records import lease_record
from hasten.records.lease import acquire
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.stand_in import stand_in
from hasten.timers import run
from tests.support.standing_in import later, silent, wants
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


async def with_a_leaver() -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    return world


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

"""A timer does the work of a stopped trigger although its own work is slow or broken."""

import asyncio
from datetime import datetime, timedelta

import pytest

from hasten import stand_in, timers
from hasten.errors import Conflict
from hasten.stray_end import StrayEndError
from hasten.timers import TIMERS, run
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user


async def with_a_leaver() -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    return world


@pytest.mark.parametrize("timer", ["sweep", "wake"])
@virtual
async def test_slow_work_of_the_timer_delays_nobody(
    timer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(_context: object) -> None:
        await asyncio.sleep(90)

    monkeypatch.setitem(TIMERS, timer, slow)
    world = await with_a_leaver()
    await asyncio.sleep(60)
    ticking = asyncio.create_task(run(world.context, timer))

    await asyncio.sleep(20)

    assert len(world.directory.calls) == 1
    await ticking


@pytest.mark.parametrize("timer", ["sweep", "wake"])
@virtual
async def test_a_bug_in_the_work_of_the_timer_delays_nobody(
    timer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_context: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setitem(TIMERS, timer, broken)
    world = await with_a_leaver()
    await asyncio.sleep(60)

    with pytest.raises(KeyError):
        await run(world.context, timer)

    assert len(world.directory.calls) == 1
    assert world.results("timer") == ["crashed"]


@pytest.mark.parametrize("timer", ["sweep", "wake"])
@virtual
async def test_a_bug_in_the_work_of_a_stopped_trigger_surfaces_though_the_timer_lost_a_race(
    timer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_context: object) -> None:
        raise Conflict("a row")

    async def broken(_context: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setitem(TIMERS, timer, lost)
    monkeypatch.setattr(timers, "stand_in", broken)
    world = World()

    with pytest.raises(KeyError):
        await run(world.context, timer)

    assert sorted(world.results("timer")) == ["crashed", "postponed"]


@virtual
async def test_two_bugs_are_both_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_context: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setitem(TIMERS, "sweep", broken)
    monkeypatch.setattr(timers, "stand_in", broken)
    world = World()

    with pytest.raises(KeyError):
        await run(world.context, "sweep")

    assert world.results("timer") == ["crashed", "crashed"]


@pytest.mark.parametrize("busy", ["_receive", "_ensure"])
@virtual
async def test_many_messages_and_intents_delay_no_change_that_is_due(
    busy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def takes_long(*_: object) -> bool:
        await asyncio.sleep(25)
        return True

    monkeypatch.setattr(stand_in, busy, takes_long)
    world = await with_a_leaver()
    await asyncio.sleep(60)
    began = now()

    await stand_in.stand_in(world.context)

    [call] = world.directory.calls
    assert call.at - began < timedelta(seconds=1)


@virtual
async def test_many_changes_delay_no_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[datetime] = []

    async def takes_long(*_: object) -> None:
        await asyncio.sleep(25)

    async def ensures(*_: object) -> bool:
        began.append(now())
        return False

    monkeypatch.setattr(stand_in, "_drain", takes_long)
    monkeypatch.setattr(stand_in, "_ensure", ensures)
    world = await with_a_leaver()
    started = now()

    await stand_in.stand_in(world.context)

    assert began[0] - started < timedelta(seconds=1)


STRAY = [SystemExit(1), asyncio.CancelledError()]


@pytest.mark.parametrize("end", STRAY, ids=lambda end: type(end).__name__)
@pytest.mark.parametrize("broken", ["own", "stand_in", "a target"])
def test_a_library_that_ends_a_part_of_the_work_ends_neither_the_process_nor_the_rest(
    end: BaseException, broken: str
) -> None:
    async def ends(*_: object, **__: object) -> None:
        raise end

    @virtual
    async def scenario() -> None:
        world = await with_a_leaver()
        await asyncio.sleep(60)

        with pytest.MonkeyPatch.context() as monkey:
            if broken == "own":
                monkey.setitem(TIMERS, "wake", ends)
            elif broken == "stand_in":
                monkey.setattr(timers, "stand_in", ends)
            else:
                monkey.setattr(timers, "_wake_target", ends)
            with pytest.raises(StrayEndError):
                await run(world.context, "wake")

        assert world.results("timer") == ["crashed"]
        assert len(world.directory.calls) == (0 if broken == "stand_in" else 1)

    scenario()

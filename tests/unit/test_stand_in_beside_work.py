"""A timer does the work of a stopped trigger although its own work is slow or broken."""

import asyncio

import pytest

from hasten.timers import TIMERS, run
from tests.support.virtual_time import virtual
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

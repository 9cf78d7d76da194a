"""The speed of each day and target is counted once from the history, whatever dies when."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.history import Entry, Steps
from hasten.domain.speed import Direction, Step
from hasten.errors import TemporaryError
from hasten.operate.speed import speed_of, total
from hasten.records import speed
from hasten.timers import run
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.history import all_sealed, entry, history, today
from tests.support.slow_store import Slow
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World
from tests.unit.records.test_history_seals import Dying

DAY = timedelta(days=1)


def taken(name: str, *, ago: timedelta = timedelta(), seconds: float = 5) -> Entry:
    at = now() - ago
    steps = Steps(noticed=at - timedelta(seconds=seconds), called=at, ended=at)
    return replace(entry(name, ago=ago), action="removed", steps=steps)


async def counted(world: World) -> dict[str, int]:
    found = await speed_of(world.context, [TOTAL], now() - 30 * DAY)
    return {one.day: one.of(Direction.TAKEN, Step.DONE).count for one in found}


@virtual
async def test_the_timer_counts_each_day_of_a_target() -> None:
    world = World()
    await history(world).append([taken("a"), taken("b"), taken("c", ago=DAY)])

    await run(world.context, "seal")
    await run(world.context, "seal")

    assert await counted(world) == {today(now() - DAY): 1, today(): 2}
    found = await speed_of(world.context, [TOTAL], now() - DAY)
    assert total(found, Direction.TAKEN, Step.DONE).percentile(50) == pytest.approx(5, rel=0.1)
    assert found[-1].results == {"succeeded": 2}


@virtual
@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 9))
async def test_a_crash_counts_nothing_twice_and_leaves_nothing_out(
    *, dies_at: int, is_after: bool
) -> None:
    store = Dying(MemoryStore())
    world = World(store=store)
    for number in range(5):
        await history(world).append([taken(f"{number}", ago=number % 3 * DAY)])
        await all_sealed(world)
    store.requests, store.dies_at, store.is_after = 0, dies_at, is_after

    for _ in range(4):
        try:
            await speed.fold(store)
        except TemporaryError:
            continue

    assert sum((await counted(world)).values()) == 5


@virtual
async def test_workers_that_count_at_the_same_time_count_once() -> None:
    store = Slow(MemoryStore())
    world = World(store=store)

    async def write() -> None:
        for number in range(60):
            await history(world).append([taken(f"{number}", ago=number % 3 * DAY)])
            await all_sealed(world)

    async def count() -> None:
        for _ in range(150):
            await speed.fold(store)
            await asyncio.sleep(0.01)

    await asyncio.gather(write(), count(), count())
    while await speed.fold(store):
        pass

    assert sum((await counted(world)).values()) == 60


@virtual
async def test_a_view_takes_one_request_for_each_target() -> None:
    store = CountingStore(MemoryStore())
    world = World(store=store)
    for number in range(20):
        await history(world).append([taken(f"{number}", ago=number * DAY)])
    await all_sealed(world)
    while await speed.fold(store):
        pass
    store.requests = 0

    assert len(await speed_of(world.context, [TOTAL], now() - 10 * DAY)) == 11
    assert store.requests == 1


@virtual
async def test_a_day_that_is_counted_already_is_not_written_again() -> None:
    store = MemoryStore()
    world = World(store=store)
    await history(world).append([taken("a")])
    await all_sealed(world)
    assert await speed.fold(store) == 1
    store.forget(speed.SPEED_COLLECTION, speed.CURSOR_PARTITION, speed.CURSOR)
    before = await store.scan(speed.SPEED_COLLECTION, speed.TARGET_PREFIX + TOTAL)

    assert await speed.fold(store) == 1

    assert await store.scan(speed.SPEED_COLLECTION, speed.TARGET_PREFIX + TOTAL) == before
    assert await counted(world) == {today(): 1}


@virtual
async def test_what_was_counted_before_a_crash_is_not_counted_with_what_came_since() -> None:
    store = MemoryStore()
    world = World(store=store)
    for name in ("a", "b"):
        await history(world).append([taken(name)])
        await all_sealed(world)
        await speed.fold(store)
        store.forget(speed.SPEED_COLLECTION, speed.CURSOR_PARTITION, speed.CURSOR)

    assert await counted(world) == {today(): 2}


@pytest.mark.parametrize("fields", [{"action": ""}, {"target": ""}])
@virtual
async def test_an_entry_without_a_target_or_an_action_belongs_to_no_day(
    fields: dict[str, Any],
) -> None:
    world = World()
    await history(world).append([replace(taken("a"), **fields)])
    await all_sealed(world)

    assert await speed.fold(world.store) == 1

    for target in ("", TOTAL):
        days = await world.store.scan(speed.SPEED_COLLECTION, speed.TARGET_PREFIX + target)
        assert days == []

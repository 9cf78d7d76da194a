"""A call that leaves late, because the writes before it took long, counts from when it left."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from hasten.errors import TemporaryError
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW
from hasten.messages import Wake
from hasten.ports.store import Write
from hasten.provision.drain import drain
from hasten.records import call_window
from hasten.records.ledger_keys import WINDOW_KEY
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
PEOPLE = [user(n) for n in range(25)]


class SlowWindow(CountingStore):
    """Takes `seconds` for each write of the call window, and counts these writes."""

    seconds = 0.0
    written = 0

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if any(write.key == WINDOW_KEY for write in writes):
            self.written += 1
            await asyncio.sleep(self.seconds)
        return await super().commit(collection, partition, writes)


async def slow_world() -> tuple[World, SlowWindow]:
    store = SlowWindow(MemoryStore())
    world = World(store=store)
    await world.is_discovered()
    world.directory.seconds_per_call = 0.2
    world.directory.join(ENGINEERING, *PEOPLE)
    return world, store


def most_calls(world: World) -> int:
    at = [call.at for call in world.directory.calls]
    return max(sum(first <= other < first + CALL_WINDOW for other in at) for first in at)


@pytest.mark.parametrize("seconds", [0.2, 0.5, 2, 4])
@pytest.mark.parametrize("slow", [{4}, {2, 4, 9}, set(range(25))])
def test_one_leaver_at_a_time_makes_no_more_calls_than_a_window_has(
    slow: set[int], seconds: float
) -> None:
    """Each leaver by a drain of their own, in one process."""

    @virtual
    async def run() -> None:
        world, store = await slow_world()
        context = world.context
        for number, leaver in enumerate(PEOPLE):
            store.seconds = seconds if number in slow else 0
            await world.left(ENGINEERING, leaver)
            await drain(context, WAKE)

        assert len(world.directory.calls) == len(PEOPLE)
        assert most_calls(world) <= CALLS_PER_WINDOW

    run()


@virtual
async def test_a_crash_before_the_late_departure_is_saved_lets_no_other_call_leave_early() -> None:
    world, store = await slow_world()
    context = world.context
    for leaver in PEOPLE[:4]:
        await world.left(ENGINEERING, leaver)
        await drain(context, WAKE)
    store.seconds = 4
    world.directory.seconds_per_call = 30
    await world.left(ENGINEERING, PEOPLE[4])
    dies = asyncio.create_task(drain(context, WAKE))
    await world.directory.has_called(5)
    store.seconds = 0
    dies.cancel()
    with suppress(asyncio.CancelledError):
        await dies
    world.directory.seconds_per_call = 0.2

    await world.left(ENGINEERING, *PEOPLE[5:])
    while len(world.directory.calls) < len(PEOPLE):
        with suppress(TemporaryError):  # the lease is not silent for long enough
            await drain(world.context, WAKE)
        await asyncio.sleep(1)

    assert most_calls(world) <= CALLS_PER_WINDOW


@virtual
async def test_a_call_that_left_at_once_costs_no_further_write() -> None:
    world, store = await slow_world()
    await world.left(ENGINEERING, PEOPLE[0])

    await drain(world.context, WAKE)

    pace, _ = await call_window.load(store, TOTAL)
    assert [call.stored for call in pace.calls] == [world.directory.calls[0].at]
    assert store.written == 1

"""Workers of one target, on wakes that arrive at least once and after their rows were written: a
row is left open by no order of steps, and by no worker that stalls or dies."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest

from hasten.context import Context
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING
from hasten.records.lease import Displaced, Lease
from hasten.records.lease_record import BEAT_SILENT_AFTER, WokenBy, WorkKind
from hasten.sole_worker import work_alone
from tests.support.leases import displaced
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World

WAKE = Wake(target=TOTAL)


@dataclass
class Work:
    """Rows, each of which takes a while; a row is closed under the fence."""

    world: World
    rows: set[int] = field(default_factory=set)
    seconds: float = 1.0
    closed: list[int] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    stall: Callable[[], float] = lambda: 0.0

    async def __call__(self, lease: Lease, until: datetime) -> bool:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await lease.take_mark()
            await asyncio.sleep(0.01)
            for row in sorted(self.rows):
                if now() >= until:
                    return True
                await asyncio.sleep(self.seconds + self.stall())
                await lease.commit()
                self.rows.discard(row)
                self.closed.append(row)
            return False
        finally:
            self.running -= 1

    async def wake(self, process: Context | None = None, by: WokenBy = WokenBy.MESSAGE) -> bool:
        return await work_alone(process or self.world.context, WAKE, WorkKind.DRAIN, self, by=by)


@virtual
async def test_a_row_that_is_written_while_the_holder_ends_is_not_left_open() -> None:
    """At every moment of the holder's run."""
    for moment in range(60):
        work = Work(World(), rows={0})
        holder = asyncio.create_task(work.wake())
        await asyncio.sleep(moment / 50)
        work.rows.add(1)

        await work.wake()
        await holder

        assert work.rows == set(), moment


@virtual
async def test_wakes_at_the_same_moment_are_one_worker() -> None:
    work = Work(World(), rows={0, 1, 2})

    taken = await asyncio.gather(*(work.wake() for _ in range(10)))

    assert sum(taken) == 1
    assert work.most_running == 1
    assert work.closed == [0, 1, 2]


@virtual
async def test_a_wake_in_the_process_of_the_holder_is_known_there_at_once() -> None:
    work = Work(World(), rows={0}, seconds=60)
    process = work.world.context
    holder = asyncio.create_task(work.wake(process))
    await asyncio.sleep(1)
    lease = process.holding[TOTAL, WorkKind.DRAIN]

    await work.wake(process)

    assert lease.marked.is_set()
    await holder
    assert process.holding == {}


@virtual
async def test_a_holder_that_works_for_long_beats_and_is_not_displaced() -> None:
    work = Work(World(), rows={0}, seconds=100)
    holder = asyncio.create_task(work.wake())
    for _ in range(30):
        await asyncio.sleep(3)
        assert not await work.wake()

    assert await holder
    assert work.closed == [0]


@virtual
async def test_a_worker_that_was_displaced_closes_no_row() -> None:
    work = Work(World(), rows={0}, seconds=5)
    holder = asyncio.create_task(work.wake())
    await asyncio.sleep(1)
    await displaced(work.world)

    with pytest.raises(Displaced):
        await holder

    assert work.closed == []


@virtual
async def test_the_work_of_a_holder_that_was_killed_goes_on_after_it_was_silent() -> None:
    work = Work(World(), rows={0}, seconds=5)
    holder = asyncio.create_task(work.wake())
    await asyncio.sleep(1)
    holder.cancel()
    began = now()

    taken = False
    while not taken:
        await asyncio.sleep(1)
        try:
            taken = await work.wake()
        except TemporaryError as error:
            await asyncio.sleep(error.delay.total_seconds())

    assert now() - began < BEAT_SILENT_AFTER + timedelta(seconds=20)


@virtual
async def test_an_error_does_not_keep_those_waiting_who_left_a_mark() -> None:
    world, rounds = World(), 0

    async def fails_once(lease: Lease, until: datetime) -> bool:
        nonlocal rounds
        rounds += 1
        await lease.take_mark()
        await asyncio.sleep(1)
        if rounds == 1:
            raise TemporaryError("one person is not there yet", timedelta(seconds=15))
        return False

    holder = asyncio.create_task(work_alone(world.context, WAKE, WorkKind.DRAIN, fails_once))
    await asyncio.sleep(0.5)
    await work_alone(world.context, WAKE, WorkKind.DRAIN, fails_once)

    assert await holder
    assert rounds == 2


@virtual
async def test_an_error_without_a_mark_is_the_end_of_the_wake_and_frees_the_lease() -> None:
    world = World()

    async def fails(lease: Lease, until: datetime) -> bool:
        raise TemporaryError("Graph did not answer", timedelta(seconds=15))

    for _ in range(2):
        with pytest.raises(TemporaryError, match="Graph"):
            await work_alone(world.context, WAKE, WorkKind.DRAIN, fails)


@virtual
async def test_a_bug_frees_the_lease_and_surfaces() -> None:
    world = World()

    async def breaks(lease: Lease, until: datetime) -> bool:
        raise KeyError("a bug")

    for _ in range(2):
        with pytest.raises(KeyError):
            await work_alone(world.context, WAKE, WorkKind.DRAIN, breaks)


@virtual
async def test_a_worker_that_is_never_done_hands_over_to_the_next_wake() -> None:
    work = Work(World(), rows=set(range(1000)), seconds=1)

    assert await work.wake()

    assert now().minute == 4
    assert len(work.world.bus.of(PROVISIONING)) == 1
    assert await work.wake(), "the lease is free"


@pytest.mark.parametrize("by", [WokenBy.MESSAGE, WokenBy.STAND_IN, WokenBy.TIMER])
def test_the_rest_is_left_to_a_wake_unless_no_wake_comes(by: WokenBy) -> None:
    """The next timer does the rest for a trigger that is silent."""

    @virtual
    async def body() -> None:
        work = Work(World(), rows={*range(300)})

        await work.wake(by=by)

        assert work.rows
        assert bool(work.world.bus.of(PROVISIONING)) is (by is not WokenBy.STAND_IN)

    body()


@pytest.mark.parametrize("seed", range(30))
def test_workers_that_stall_and_die_lose_no_row(seed: int) -> None:
    """Three workers, wakes delivered again until a worker has completed them."""

    @virtual
    async def run() -> None:
        luck = Random(seed)  # noqa: S311 - repeatable, no secret
        work = Work(World(), seconds=0.5)
        work.stall = lambda: luck.choice([0.0] * 20 + [30.0])
        wakes: asyncio.Queue[int] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                wake = await wakes.get()
                running = asyncio.create_task(work.wake())
                try:
                    async with asyncio.timeout(luck.choice([600.0] * 9 + [luck.uniform(0, 4)])):
                        await running
                except TimeoutError:  # it died; its message comes again after its lock
                    await again(wake, 30)
                except TemporaryError as error:
                    await again(wake, error.delay.total_seconds())
                except Displaced:
                    continue

        async def again(wake: int, seconds: float) -> None:
            await asyncio.sleep(seconds)
            wakes.put_nowait(wake)

        workers = [asyncio.create_task(deliver()) for _ in range(3)]
        for row in range(40):
            work.rows.add(row)
            wakes.put_nowait(row)
            await asyncio.sleep(luck.uniform(0, 3))
        await asyncio.sleep(600)
        for worker in workers:
            worker.cancel()

        assert work.rows == set()

    run()

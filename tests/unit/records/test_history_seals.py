"""The chain of the history: every entry is sealed once, whatever dies when, and comes once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.history import Filter
from hasten.domain.history_chain import FIRST_DIGEST
from hasten.errors import TemporaryError
from hasten.ports.store import Write
from hasten.records.history import History
from hasten.records.history_keys import HISTORY_COLLECTION, day_partition, puts_of
from hasten.records.history_seals import ENTRIES_PER_SEAL, Seals
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.history import all_sealed, entry, history, names, today
from tests.support.racing_store import Racing
from tests.support.slow_store import Slow
from tests.support.virtual_time import now, virtual
from tests.support.world import World, user

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Dying(CountingStore):
    """Dies at the given request, before or after it took effect."""

    dies_at = 0
    is_after = False

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        dies = self.requests + 1 == self.dies_at
        if dies and not self.is_after:
            self.requests += 1
            raise TemporaryError("the store did not answer", timedelta(seconds=1))
        etags = await super().commit(collection, partition, writes)
        if dies:
            raise TemporaryError("the answer was lost", timedelta(seconds=1))
        return etags


async def consumed(world: World, cursor: int = 0) -> list[str]:
    read: list[str] = []
    while (batch := await world.context.seals.since(cursor)).entries:
        read += names(batch.entries)
        cursor = batch.cursor
    return read


@virtual
async def test_the_seals_cover_every_entry_once_in_the_order_of_time() -> None:
    world = World()
    count = 2 * ENTRIES_PER_SEAL + 7
    ages = [timedelta(seconds=n) for n in reversed(range(count))]
    await history(world).append([entry(f"{ago}", ago=ago) for ago in ages])

    assert await all_sealed(world) == count

    assert await consumed(world) == [f"{ago}" for ago in ages]
    assert await history(world).unsealed(today()) == []


@virtual
async def test_a_consumer_gets_an_entry_that_was_written_late() -> None:
    world = World()
    await history(world).append([entry("in time")])
    await all_sealed(world)
    cursor = (await world.context.seals.since(0)).cursor

    await history(world).append([entry("late", ago=3 * DAY), entry("next")])
    await all_sealed(world)

    assert await consumed(world, cursor) == ["late", "next"]


@virtual
async def test_a_seal_continues_the_digest_of_the_one_before_also_on_the_next_day() -> None:
    world = World()
    before = FIRST_DIGEST
    for day in range(3):
        await history(world).append([entry(f"day {day}")])
        await all_sealed(world)
        head = await world.context.seals.head()
        assert (head.number, head.day) == (day + 1, today())
        assert head.digest != before
        before = head.digest
        await asyncio.sleep(DAY.total_seconds())


@virtual
async def test_nothing_to_seal_takes_a_request_for_the_head_and_one_for_each_day() -> None:
    store = CountingStore(MemoryStore())
    world = World(store=store)
    await history(world).append([entry("one")])
    await all_sealed(world)

    store.requests = 0
    assert await world.context.seals.seal([today(), today(now() - DAY)], now()) == 0

    assert store.requests == 3


@virtual
@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 30))
async def test_a_crash_between_any_two_writes_loses_and_repeats_nothing(
    *, dies_at: int, is_after: bool
) -> None:
    store = Dying(MemoryStore())
    world = World(store=store)
    entries = [entry(str(n), ago=n * 8 * HOUR, user=user(n)) for n in range(5)]
    store.dies_at, store.is_after = dies_at, is_after

    for _ in range(3):
        try:
            await history(world).append(entries)
            await all_sealed(world)
        except TemporaryError:
            continue

    assert Counter(await consumed(world)) == Counter(map(str, range(5)))
    assert names((await history(world).newest(10)).entries) == [str(n) for n in range(5)]
    for n in range(5):
        of_user = await history(world).newest(10, matches=Filter(user=user(n)))
        assert names(of_user.entries) == [str(n)]


@virtual
async def test_workers_that_seal_at_the_same_time_seal_each_entry_once() -> None:
    store = MemoryStore()

    kept = [History(Slow(store), now) for _ in range(3)]

    async def write(worker: int) -> None:
        for n in range(40):
            await kept[worker].append([entry(f"{worker}.{n}", user=user(n))])

    async def seal() -> None:
        for _ in range(60):
            await Seals(Slow(store)).seal([today()], now())

    await asyncio.gather(*map(write, range(3)), *(seal() for _ in range(3)))
    world = World(store=store)
    await all_sealed(world)

    expected = [f"{worker}.{n}" for worker in range(3) for n in range(40)]
    assert sorted(await consumed(world)) == sorted(expected)


async def unfinished(store: MemoryStore) -> World:
    """A worker has died before it deleted the mark of what it had sealed."""
    world, left = World(store=store), entry("left")
    await history(world).append([left])
    await all_sealed(world)
    [_, mark] = puts_of(left)
    await store.commit(HISTORY_COLLECTION, day_partition(today()), [mark])
    await history(world).append([entry("next")])
    return world


@virtual
async def test_an_unfinished_seal_is_finished_and_the_next_is_made_at_once() -> None:
    world = await unfinished(MemoryStore())

    assert await world.context.seals.seal([today()], now()) == 1

    assert await consumed(world) == ["left", "next"]


@virtual
async def test_a_worker_seals_nothing_if_another_finishes_the_seal_at_the_same_time() -> None:
    store = Racing()
    world = await unfinished(store)
    store.meanwhile = lambda: Seals(store).seal([today()], now())

    assert await Seals(store).seal([today()], now()) == 0

    assert await consumed(world) == ["left", "next"]


@virtual
async def test_entries_of_the_longest_texts_are_sealed() -> None:
    world = World()
    await history(world).append([entry(f"{n:03}" + "🦊" * 1_000) for n in range(60)])

    assert await all_sealed(world) == 60

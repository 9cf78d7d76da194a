"""Whole days of the history are deleted after `history_days`; the chain goes on without them."""

import asyncio
from datetime import timedelta

import pytest

from hasten.context import Context
from hasten.domain.history import EntryKind, Filter
from hasten.domain.history_findings import Wrong
from hasten.errors import TemporaryError
from hasten.operate.forget_history import forget_history
from hasten.operate.seal_history import seal_all
from hasten.operate.speed import speed_of
from hasten.records import speed
from hasten.records.history_check import Check
from hasten.records.history_keys import HISTORY_COLLECTION, day_partition
from hasten.records.history_seals import PAGE_PREFIX, SEAL_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.history import all_sealed, entry, history, names
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World, user
from tests.unit.records.test_history_seals import Dying
from tests.unit.records.test_speed import taken

DAY = timedelta(days=1)
KEPT = 90


def context_of(world: World) -> Context:
    return Context(world.context.settings, (world.target,), world, history_days=KEPT)


async def written(world: World) -> None:
    """Ten days of entries, of which the first six are old by the end."""
    for day in range(10):
        await history(world).append([taken(f"{day}"), entry(f"{day} of another", user=user(2))])
        await all_sealed(world)
        await asyncio.sleep(DAY.total_seconds())
    while await speed.fold(world.store):
        pass
    await asyncio.sleep((KEPT - 4) * DAY.total_seconds())


async def findings(world: World) -> list[Wrong]:
    return [one.wrong for one in (await Check(world.store, now()).run()).findings]


@virtual
async def test_old_days_go_everywhere_and_the_chain_has_no_finding() -> None:
    world = World()
    await written(world)
    store = world.store

    await forget_history(context_of(world))
    await seal_all(context_of(world))

    page = await history(world).newest(100, matches=Filter(user=user(1)))
    assert names(page.entries) == ["9", "8", "7", "6"]
    everything = await history(world).newest(100)
    assert len(everything.entries) == 9
    forgotten = everything.entries[0]
    assert forgotten.kind is EntryKind.FORGOTTEN
    assert forgotten.details["before"] == (now() - KEPT * DAY).date().isoformat()
    assert await findings(world) == []
    assert len(await store.scan(HISTORY_COLLECTION, "seals", SEAL_PREFIX)) == 11
    assert len(await store.scan(HISTORY_COLLECTION, "seals", PAGE_PREFIX)) == 5
    assert len(await speed_of(world.context, [TOTAL], now() - 400 * DAY)) == 4
    assert isinstance(store, MemoryStore)
    texts = "".join(text for _, text, _ in store.texts(HISTORY_COLLECTION))
    assert '"reason":"5"' not in texts


@virtual
async def test_a_day_that_is_gone_without_a_word_is_a_finding() -> None:
    world = World()
    await written(world)
    store = world.store
    assert isinstance(store, MemoryStore)
    day = (now() - (KEPT - 2) * DAY).date().isoformat()
    for name in (day_partition(day), "days"):
        for document in await store.scan(HISTORY_COLLECTION, name):
            if name != "days" or document.body["day"] == day:
                store.forget(HISTORY_COLLECTION, name, document.key)

    assert Wrong.REMOVED in await findings(world)


@virtual
async def test_a_second_night_deletes_nothing_more_and_writes_no_second_entry() -> None:
    world = World()
    await written(world)

    for _ in range(2):
        await forget_history(context_of(world))

    page = await history(world).newest(100, matches=Filter(kinds=frozenset({EntryKind.FORGOTTEN})))
    assert len(page.entries) == 1


@virtual
@pytest.mark.parametrize("dies_at", range(1, 30, 3))
async def test_a_crash_leaves_what_the_next_night_deletes(dies_at: int) -> None:
    store = Dying(MemoryStore())
    world = World(store=store)
    await written(world)
    store.requests, store.dies_at = 0, dies_at

    for _ in range(3):
        try:
            await forget_history(context_of(world))
        except TemporaryError:
            continue
    await seal_all(context_of(world))

    assert await findings(world) == []
    page = await history(world).newest(100, matches=Filter(user=user(1)))
    assert names(page.entries) == ["9", "8", "7", "6"]

"""Looks that crash, overlap, or meet a change of the watched targets."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import NoneType

import pytest

from hasten.domain.changes import Action
from hasten.errors import Conflict, TemporaryError
from hasten.ports.bus import PROVISIONING
from hasten.ports.store import Write
from hasten.provision.drain import drain
from hasten.records import cursors, discovered
from hasten.watch.look import look, start_watching
from tests.support.looking import ANOTHER, WAKE, SlowToAnswer, a_look, open_rows, watched
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


@virtual
async def test_a_crash_before_the_wake_repeats_the_look_and_writes_nothing_twice() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    world.bus.down = True
    with pytest.raises(TemporaryError):
        await look(world.context, a_look())
    before = await world.ledger.open_changes(TOTAL)
    world.bus.down = False

    await look(world.context, a_look())

    assert await world.ledger.open_changes(TOTAL) == before
    assert len(world.bus.of(PROVISIONING)) == 1


@virtual
async def test_a_crash_before_the_cursor_moves_calls_nobody_twice() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    await look(world.context, a_look())
    await drain(world.context, WAKE)
    moved = await cursors.load(world.store, ENGINEERING)
    assert moved is not None
    await cursors.save(world.store, ENGINEERING, replace(cursor, etag=moved.etag))

    await look(world.context, a_look())
    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1


@virtual
async def test_two_looks_at_once_find_every_change_once() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, *(user(n) for n in range(10)))

    await asyncio.gather(*(look(world.context, a_look()) for _ in range(4)))
    await drain(world.context, WAKE)

    called = [name for call in world.directory.calls for name in call.users]
    assert sorted(called) == [user(n) for n in range(10)]


@virtual
async def test_an_older_sight_of_the_same_history_never_undoes_a_newer_one() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    slow = SlowToAnswer(world.directory, seconds=5)
    elsewhere = replace(world, directory=slow).context
    started = asyncio.create_task(look(elsewhere, a_look()))
    await slow.asked.wait()
    await asyncio.sleep(0.1)
    world.directory.leave(ENGINEERING, user(1))

    await look(world.context, a_look())
    await started

    assert await open_rows(world) == [(user(1), Action.REMOVED)]


@virtual
async def test_a_burst_of_looks_in_one_process_reads_graph_twice_at_most() -> None:
    world = await watched()
    counting = SlowToAnswer(world.directory, seconds=1)
    process = replace(world, directory=counting).context
    world.directory.join(ENGINEERING, user(1))

    await asyncio.gather(*(look(process, a_look()) for _ in range(10)))

    assert counting.reads == 2


@virtual
async def test_a_look_that_waited_for_one_that_failed_reads_for_itself() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    failing = SlowToAnswer(world.directory, seconds=1, fails=1)
    process = replace(world, directory=failing).context

    results = await asyncio.gather(
        *(look(process, a_look()) for _ in range(3)), return_exceptions=True
    )

    assert [type(result) for result in results] == [TemporaryError, NoneType, NoneType]
    assert await open_rows(world) == [(user(1), Action.ADDED)]


@virtual
async def test_looks_that_lose_every_race_surface_for_redelivery() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    save = world.store.commit

    async def somebody_was_faster(
        collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if collection == cursors.CURSORS_COLLECTION:
            raise Conflict(ENGINEERING)
        return await save(collection, partition, writes)

    world.store.commit = somebody_was_faster  # type: ignore[method-assign]

    with pytest.raises(Conflict):
        await look(world.context, a_look())


@virtual
async def test_a_target_that_the_group_is_assigned_to_during_a_look_misses_nobody() -> None:
    world = World()
    await discovered.save(world.store, ANOTHER, over=None)
    await start_watching(world.context, ENGINEERING)
    world.directory.join(ENGINEERING, user(1))
    world.directory = slow = SlowToAnswer(world.directory, seconds=5)
    looking = asyncio.create_task(look(world.context, a_look()))
    await slow.asked.wait()

    await world.is_discovered()
    await discovered.leave(world.store, ANOTHER.target, now())
    await looking

    assert await open_rows(world) == [(user(1), Action.ADDED)]


@virtual
async def test_a_target_that_only_another_process_knows_yet_misses_nobody() -> None:
    world = await watched()
    await discovered.save(world.store, ANOTHER, over=None)
    world.directory.join(ENGINEERING, user(1))
    before = await cursors.load(world.store, ENGINEERING)

    with pytest.raises(TemporaryError, match="ANOTHER"):
        await look(world.context, a_look())

    assert await cursors.load(world.store, ENGINEERING) == before
    assert await open_rows(world) == [(user(1), Action.ADDED)]

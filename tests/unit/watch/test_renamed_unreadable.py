"""A target gets a new name while a row under the old one cannot be read."""

import asyncio

import pytest

from hasten.domain.changes import Action
from hasten.records.ledger_keys import LEDGER_COLLECTION
from hasten.watch.hand_over import LEFT_LATELY
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore
from tests.support.renaming import MEMBER, NEW, OLD, known, of, rows
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found
from tests.unit.watch.test_renamed_records import an_intent, left


async def renamed_for_long(world: World) -> None:
    await sweep(of(world, NEW))
    await asyncio.sleep(LEFT_LATELY.total_seconds())
    await sweep(of(world, NEW))


@pytest.mark.parametrize("collection", [LEDGER_COLLECTION, "intents"])
@virtual
async def test_a_row_moves_once_it_can_be_read_however_late_that_is(collection: str) -> None:
    store = CrashingStore()
    world = await known(store)
    await world.ledger.record([left()])
    await of(world, OLD).intents.record([an_intent()])
    ((key, text, _),) = (one for one in store.texts(collection, TOTAL) if "open|" in one[0])
    store.plant(collection, TOTAL, key, "garbled")
    await renamed_for_long(world)

    store.plant(collection, TOTAL, key, text)
    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [("NEW", ENGINEERING, MEMBER, Action.REMOVED)]
    assert len(await of(world, NEW).intents.open_intents("NEW")) == 1


@virtual
async def test_what_was_found_about_a_row_that_could_not_be_read_moves_with_it() -> None:
    store = CrashingStore()
    world = await known(store)
    await world.ledger.record([found(ENGINEERING, MEMBER, Action.ADDED, 0)])
    ((key, text, _),) = (one for one in store.texts(LEDGER_COLLECTION, TOTAL) if "open|" in one[0])
    store.plant(LEDGER_COLLECTION, TOTAL, key, "garbled")
    await world.ledger.record([left()])
    await renamed_for_long(world)

    store.plant(LEDGER_COLLECTION, TOTAL, key, text)
    await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [("NEW", ENGINEERING, MEMBER, Action.REMOVED)]


@virtual
async def test_a_record_that_cannot_be_read_stays_with_its_rows() -> None:
    store = CrashingStore()
    world = await known(store)
    [(key, text, _)] = store.texts("targets", "found")
    await world.ledger.record([left()])
    store.plant("targets", "found", key, "garbled")
    await sweep(of(world, NEW))

    store.plant("targets", "found", key, text)
    await sweep(of(world, NEW))

    assert [name for name, *_ in await rows(world, TOTAL, "NEW")] == ["NEW"]

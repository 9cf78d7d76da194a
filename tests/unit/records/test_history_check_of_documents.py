"""A check of the history goes on past documents of any shape, and past what one request returns."""

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from hasten.domain.history_chain import FIRST_DIGEST, sealed
from hasten.domain.history_findings import Wrong
from hasten.ports.store import Put
from hasten.records import history_check
from hasten.records.history_check import ENTRIES_PER_READ, Check
from hasten.records.history_keys import (
    AT_PREFIX,
    HISTORY_COLLECTION,
    SEALS_PARTITION,
    day_partition,
)
from hasten.records.history_seals import lines_of, page_key, seal_key
from hasten.records.values import values
from tests.fakes.memory_store import MemoryStore
from tests.support.history import all_sealed, entry, history, today
from tests.support.virtual_time import now, virtual
from tests.support.world import World, user
from tests.unit.records.test_history_check import checked, three_days

INSTANT = timedelta(microseconds=1)


async def sealed_world() -> tuple[World, MemoryStore]:
    """Two entries under one seal."""
    store = MemoryStore()
    world = World(store=store)
    await history(world).append([entry("a"), entry("b", ago=INSTANT)])
    await all_sealed(world)
    return world, store


async def found(world: World) -> set[tuple[Wrong, str, str]]:
    check = await Check(world.store, now()).run()
    return {(one.wrong, one.where, one.key) for one in check.findings}


@pytest.mark.parametrize("extra", [-1, 0, 1])
@virtual
async def test_a_check_reads_more_entries_than_one_request_returns(extra: int) -> None:
    world = World()
    count = ENTRIES_PER_READ + extra
    await history(world).append([entry(f"{n}", ago=n * INSTANT) for n in range(count)])
    assert await all_sealed(world) == count

    check = await Check(world.store, now()).run()

    assert (check.entries, check.findings) == (count, [])


@pytest.mark.parametrize("number", [0, 1])
@virtual
async def test_a_seal_whose_copy_of_an_entry_was_changed_is_named(number: int) -> None:
    world, store = await sealed_world()
    page = await store.get(HISTORY_COLLECTION, SEALS_PARTITION, page_key(1))
    assert page is not None
    lines = json.loads(json.dumps(page.body["entries"]))
    lines[number][1]["reason"] = "forged"
    await store.commit(
        HISTORY_COLLECTION, SEALS_PARTITION, [Put(page.key, {"entries": lines}, page.etag)]
    )

    wrong = await found(world)

    assert (Wrong.SEAL_ALTERED, "seal 1", "its entries") in wrong
    assert (Wrong.ALTERED, f"day {today()}", lines[number][0]) in wrong
    assert len(wrong) == 2


BAD: list[dict[str, Any]] = [
    {"at": "yesterday"},
    {"at": None},
    {"kind": "a newer kind"},
    {"causes": 7},
    {"causes": [{"source": 1}]},
    {"steps": [1]},
    {"steps": "none"},
    {"unknown": 1},
]


@pytest.mark.parametrize("changed", BAD, ids=str)
@virtual
async def test_an_entry_that_cannot_be_read_is_named_as_altered(changed: dict[str, Any]) -> None:
    world, store = await sealed_world()
    document, *_ = await store.scan(HISTORY_COLLECTION, day_partition(today()), AT_PREFIX)
    text = json.dumps({**document.body, **changed})
    store.plant(HISTORY_COLLECTION, day_partition(today()), document.key, text)

    check = await Check(world.store, now()).run()

    altered = (Wrong.ALTERED, f"day {today()}", document.key.removeprefix(AT_PREFIX))
    assert altered in {(one.wrong, one.where, one.key) for one in check.findings}
    assert check.entries == 2


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"at": 7}', '{"number": "x"}'])
@virtual
async def test_a_seal_or_a_page_that_cannot_be_read_is_named(text: str) -> None:
    world, store = await sealed_world()
    store.plant(HISTORY_COLLECTION, SEALS_PARTITION, seal_key(1), text)
    assert any(wrong is Wrong.SEAL_ALTERED for wrong, _, _ in await found(world))

    world, store = await sealed_world()
    store.plant(HISTORY_COLLECTION, SEALS_PARTITION, page_key(1), text)
    assert (Wrong.SEAL_ALTERED, "seal 1", "its entries") in await found(world)


@virtual
async def test_the_seals_after_one_that_cannot_be_read_are_compared() -> None:
    world, store = await sealed_world()
    await history(world).append([entry("c")])
    await all_sealed(world)
    store.plant(HISTORY_COLLECTION, SEALS_PARTITION, seal_key(1), "{")
    store.plant(HISTORY_COLLECTION, SEALS_PARTITION, page_key(2), "{")

    assert (Wrong.SEAL_ALTERED, "seal 2", "its entries") in await found(world)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"entries": 7}', '{"entries": [7]}'])
@virtual
async def test_a_page_of_any_shape_has_no_entries(text: str) -> None:
    world, store = await sealed_world()
    store.plant(HISTORY_COLLECTION, SEALS_PARTITION, page_key(1), text)

    assert (Wrong.SEAL_ALTERED, "seal 1", "its entries") in await found(world)


@pytest.mark.parametrize("number", [1, 2])
@virtual
async def test_a_seal_that_was_made_anew_breaks_the_chain_at_the_next_one(number: int) -> None:
    store = MemoryStore()
    world = World(store=store)
    digests = [FIRST_DIGEST]
    for name in "abc":
        await history(world).append([entry(name)])
        await all_sealed(world)
        digests.append((await world.context.seals.head()).digest)
    page = await store.get(HISTORY_COLLECTION, SEALS_PARTITION, page_key(number))
    assert page is not None
    [(key, body)] = lines_of(page)
    at = now() + INSTANT
    anew = sealed(digests[number - 1], number, at=at, day=today(), keys=[key], bodies=[body])
    text = json.dumps({**values(anew), "at": at.isoformat()})
    store.plant(HISTORY_COLLECTION, SEALS_PARTITION, seal_key(number), text)

    assert await found(world) == {(Wrong.CHAIN_BROKEN, f"seal {number + 1}", "")}


class Lists(MemoryStore):
    """Notes the partition of each list that is read."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[str] = []

    async def scan(self, collection: str, partition: str, *a: Any, **k: Any) -> Any:
        self.listed.append(partition)
        return await super().scan(collection, partition, *a, **k)


@virtual
async def test_a_check_of_the_last_day_reads_an_index_no_further_than_one_older_entry() -> None:
    store = Lists()
    world = await three_days(store)
    store.listed.clear()

    with patch.object(history_check, "ENTRIES_PER_READ", 1):
        await checked(world, since=timedelta(hours=30))

    assert store.listed.count(f"user|{user(1)}") == 2


@virtual
async def test_what_several_requests_read_counts_once() -> None:
    world = await three_days()

    with patch.object(history_check, "ENTRIES_PER_READ", 3):
        check = await checked(world)

    assert (check.findings, check.entries, check.seals) == ([], 15, 6)

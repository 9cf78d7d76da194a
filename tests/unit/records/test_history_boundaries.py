"""The history at the boundary of a day, a page, a request and a seal."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.history import Entry, EntryKind, Filter
from hasten.domain.history_chain import FIRST_DIGEST
from hasten.ports.store import MAX_WRITES
from hasten.records.history_check import Check
from hasten.records.history_days import listed, recent_days
from hasten.records.history_keys import (
    END_OF_TIME,
    EPOCH,
    HISTORY_COLLECTION,
    LAST_DAY,
    day_partition,
    end_key,
    first_key,
    index_of,
    index_partitions,
    key_of,
    time_of,
)
from hasten.records.history_retention import forget, forget_pages, old_days
from hasten.records.history_seals import PAGE_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.history import all_sealed, entry, history, names, today
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, World, user

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
MIDNIGHT = START.replace(hour=0)
SINCE_MIDNIGHT = START - MIDNIGHT
END = EPOCH + END_OF_TIME * INSTANT


def entry_at(ago: timedelta) -> Entry:
    return Entry(id="e", at=START - ago, kind=EntryKind.OUTCOME)


async def around_midnight() -> World:
    """An entry just before midnight, one at midnight and one just after it."""
    world = World()
    ages = [SINCE_MIDNIGHT + INSTANT, SINCE_MIDNIGHT, SINCE_MIDNIGHT - INSTANT]
    for name, ago in zip(("before", "at", "after"), ages, strict=True):
        await history(world).append([entry(name, ago=ago)])
    await all_sealed(world)
    return world


@virtual
async def test_an_entry_at_midnight_is_of_the_day_that_begins() -> None:
    world = await around_midnight()
    yesterday = today(now() - DAY)

    check = await Check(world.store, now(), MIDNIGHT).run()
    assert (list(check.findings), check.entries) == ([], 2)
    assert await old_days(world.store, MIDNIGHT) == [yesterday]
    assert await old_days(world.store, MIDNIGHT - INSTANT) == []
    assert await forget(world.store, yesterday, START) == 1

    for matches in (Filter(), Filter(user=user(1)), Filter(group=ENGINEERING)):
        page = await history(world).newest(10, matches=matches)
        assert names(page.entries) == ["after", "at"]
    assert yesterday not in await listed(world.store)


def test_a_key_divides_the_entries_at_a_time_from_older_or_newer_ones() -> None:
    keys = [key_of(one) for one in map(entry_at, (INSTANT, 0 * INSTANT, -INSTANT))]

    assert sorted([*keys, first_key(START)]) == [keys[2], first_key(START), keys[1], keys[0]]
    assert sorted([*keys, end_key(START)]) == [keys[2], keys[1], end_key(START), keys[0]]


@pytest.mark.parametrize("limit", [0, -1])
@virtual
async def test_a_page_has_at_least_one_entry(limit: int) -> None:
    world = await around_midnight()

    with pytest.raises(ValueError, match="no number of entries"):
        await history(world).newest(limit)
    page = await history(world).newest(1)
    assert names(page.entries) == ["after"]
    assert names((await history(world).newest(5, before=page.before)).entries) == ["at", "before"]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (MIDNIGHT, None, ["after", "at"]),
        (MIDNIGHT + INSTANT, None, ["after"]),
        (None, MIDNIGHT, ["before"]),
        (None, MIDNIGHT + INSTANT, ["at", "before"]),
        (MIDNIGHT, MIDNIGHT + INSTANT, ["at"]),
    ],
)
@pytest.mark.parametrize("who", ["", user(1)])
@virtual
async def test_a_filter_includes_its_begin_and_excludes_its_end(
    since: Any, until: Any, found: list[str], who: str
) -> None:
    world = await around_midnight()

    page = await history(world).newest(10, matches=Filter(since=since, until=until, user=who))

    assert (names(page.entries), page.before) == (found, None)


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (100, 1), (101, 2)])
@virtual
async def test_the_copies_of_sealed_entries_go_with_their_day(count: int, pages: int) -> None:
    world = World()
    await history(world).append([entry(f"{n}", ago=n * INSTANT) for n in range(count)])
    await all_sealed(world)
    assert len(await world.store.scan(HISTORY_COLLECTION, "seals", PAGE_PREFIX)) == pages
    seals = world.context.seals
    assert len((await seals.since(0)).entries) == count
    assert len((await seals.since(0, limit=1)).entries) == min(count, 100)
    assert (await seals.since(0)).cursor == pages
    assert (await seals.since(pages)).cursor == pages

    assert await forget_pages(world.store, now()) == 0
    assert await forget_pages(world.store, now() + DAY) == pages
    assert await forget_pages(world.store, now() + DAY) == 0


@virtual
async def test_a_day_of_many_entries_is_forgotten_and_counted() -> None:
    inner = MemoryStore()
    world = World(store=inner)
    count = 2 * MAX_WRITES + 51
    await history(world).append([entry(f"{n}", ago=n * INSTANT) for n in range(count)])
    await all_sealed(world)
    await history(world).append([entry("not sealed")])
    await asyncio.sleep(DAY.total_seconds())

    assert await forget(inner, today(now() - DAY), now()) == count + 1

    partition = day_partition(today(now() - DAY))
    assert await inner.scan(HISTORY_COLLECTION, partition) == []
    assert (await history(world).newest(9, matches=Filter(user=user(1)))).entries == []


@virtual
async def test_a_person_is_read_in_requests_that_grow() -> None:
    world = World()
    await history(world).append([entry(f"{n}", ago=n * INSTANT) for n in range(450)])
    await all_sealed(world)
    store = CountingStore(world.store)
    reader = type(history(world))(store, now)

    page = await reader.newest(5, matches=Filter(user=user(1), results=frozenset({"none"})))

    assert (page.entries, page.before) == ([], None)
    assert store.requests == 3 + 4  # the marks of three days, then 5, 200, 200 and 45 entries


def test_an_entry_is_in_the_indexes_of_its_ids_and_a_filter_reads_the_smallest() -> None:
    who, where = user(1), ENGINEERING
    one = entry_at(INSTANT)

    assert index_partitions(replace(one, user=who, group=where)) == [
        f"user|{who}",
        f"group|{where}",
    ]
    assert index_partitions(replace(one, user="name:7", group="direct")) == []
    assert index_of(Filter(user=who, group=where)) == f"user|{who}"
    assert index_of(Filter(user="x", group=where)) == f"group|{where}"
    assert index_of(Filter(group="direct")) == ""


def test_the_timer_seals_three_days_of_which_writers_list_the_last() -> None:
    assert recent_days(START) == ["2026-11-24", "2026-11-23", "2026-11-22"]
    assert LAST_DAY == 99_999_999


def test_a_time_beyond_those_of_all_entries_comes_before_or_after_them() -> None:
    last, first = (replace(entry_at(INSTANT), at=at) for at in (END - INSTANT, EPOCH + 2 * INSTANT))

    assert first_key(END + DAY) < key_of(last) < key_of(first) < first_key(EPOCH - DAY)


@pytest.mark.parametrize(("days", "is_listed"), [(0, False), (1, False), (2, True), (3, True)])
@virtual
async def test_an_entry_of_an_older_day_lists_its_day(days: int, *, is_listed: bool) -> None:
    world = World()

    await history(world).append([entry("x", ago=days * DAY)])

    assert (today(now() - days * DAY) in await listed(world.store)) is is_listed


@pytest.mark.parametrize("key", ["", "x", "1" * 15, "1" * 17, "1" * 15 + "a", " " + "1" * 15])
def test_what_is_no_key_has_no_time(key: str) -> None:
    with pytest.raises(ValueError, match="no place in the history"):
        time_of(key)
    assert time_of("9" * 16 + "|x").year == 1970


@virtual
async def test_a_history_without_entries_has_no_seal_and_no_finding() -> None:
    check = await Check(World().store, now()).run()

    assert (check.number, check.digest, check.seals, check.entries) == (0, FIRST_DIGEST, 0, 0)
    assert (check.unsealed, check.findings) == (0, [])


@pytest.mark.parametrize("count", [MAX_WRITES, MAX_WRITES + 1])
@virtual
async def test_the_copies_of_more_seals_than_one_request_returns_go(count: int) -> None:
    world = World()
    for number in range(count):
        await history(world).append([entry(f"{number}", ago=number * INSTANT)])
        await all_sealed(world)

    assert await forget_pages(world.store, now()) == 0
    assert await forget_pages(world.store, now() + DAY) == count
    assert await world.store.scan(HISTORY_COLLECTION, "seals", PAGE_PREFIX) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@virtual
async def test_a_check_begins_with_the_first_seal_that_was_made_since(count: int) -> None:
    """Each midnight one entry is written and sealed."""
    world = World()
    await asyncio.sleep((DAY - SINCE_MIDNIGHT).total_seconds())
    midnights = []
    for number in range(count):
        midnights.append(now())
        await history(world).append([entry(f"{number}")])
        await all_sealed(world)
        await asyncio.sleep(DAY.total_seconds())

    for number, at in enumerate([*midnights, now()]):
        check = await Check(world.store, now(), at).run()
        assert (check.seals, check.number, check.findings) == (count - number, count, [])

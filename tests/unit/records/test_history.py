"""The history: append-only, newest first, by person and by group."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.adapters.store.rules import encoded
from hasten.domain.changes import Cause
from hasten.domain.history import EntryKind, Filter, Steps
from hasten.ports.store import Put, Write
from hasten.records.history import MAX_ENTRIES_READ, History
from hasten.records.history_keys import HISTORY_COLLECTION, body_of, key_of, user_partition
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.history import all_sealed, entry, history, names, today
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@virtual
async def test_an_entry_comes_back_as_it_was_written() -> None:
    world = World()
    written = replace(
        entry("all fields"),
        action="removed",
        next_action="nothing",
        causes=(Cause("/hr", "1"), Cause("/itsm", "2")),
        found_by="notification",
        by="0000dddd-0000-4000-8000-000000000001",
        why="Zoë asked 🦊",
        steps=Steps(noticed=now() - HOUR, ended=now()),
        details={"digest": "abc"},
    )

    await history(world).append([written])

    assert (await history(world).newest(10)).entries == [written]


@virtual
async def test_the_newest_entry_comes_first_over_days_and_pages() -> None:
    world = World()
    count = 30
    await history(world).append([entry(str(n), ago=n * 5 * HOUR) for n in range(count)])

    read: list[str] = []
    before: str | None = None
    for _ in range(count):
        page = await history(world).newest(4, before=before)
        read += names(page.entries)
        before = page.before
        if before is None:
            break

    assert read == [str(n) for n in range(count)]


@virtual
async def test_an_entry_that_is_appended_twice_is_there_once() -> None:
    world = World()
    first, second, third = (entry(str(n), ago=n * HOUR) for n in range(3))
    await history(world).append([second])

    await history(world).append([first, second, third, first])

    assert names((await history(world).newest(10)).entries) == ["0", "1", "2"]
    assert len(await history(world).unsealed(today())) == len(
        {e.id for e in (first, second, third) if today(e.at) == today()}
    )


@virtual
async def test_an_entry_that_is_appended_again_later_keeps_its_first_time() -> None:
    world = World()
    first = entry("a")
    await history(world).append_once([first])
    await asyncio.sleep(HOUR.total_seconds())

    await history(world).append_once([replace(first, at=now())])

    assert (await history(world).newest(10)).entries == [first]


@virtual
async def test_two_workers_that_append_the_same_entries_write_them_once() -> None:
    world = World()
    entries = [entry(str(n)) for n in range(60)]

    await asyncio.gather(*(history(world).append(entries) for _ in range(3)))

    page = await history(world).newest(200)
    assert sorted(names(page.entries)) == sorted(map(str, range(60)))


@virtual
@pytest.mark.parametrize("is_sealed", [False, True])
async def test_entries_are_found_by_person_and_by_group(*, is_sealed: bool) -> None:
    world = World()
    for n in range(6):
        group = ADMIN if n % 3 else ENGINEERING
        await history(world).append([entry(str(n), ago=n * HOUR, user=user(n % 2), group=group)])
    if is_sealed:
        await all_sealed(world)

    of_user = await history(world).newest(10, matches=Filter(user=user(1)))
    of_group = await history(world).newest(10, matches=Filter(group=ENGINEERING))

    assert names(of_user.entries) == ["1", "3", "5"]
    assert names(of_group.entries) == ["0", "3"]


@virtual
async def test_pages_of_a_person_miss_nothing_while_entries_are_sealed() -> None:
    world = World()
    await history(world).append([entry(str(n), ago=n * HOUR) for n in range(0, 20, 2)])
    await all_sealed(world)
    await history(world).append([entry(str(n), ago=n * HOUR) for n in range(1, 20, 2)])

    first = await history(world).newest(7, matches=Filter(user=user(1)))
    await all_sealed(world)
    second = await history(world).newest(50, before=first.before, matches=Filter(user=user(1)))

    assert names([*first.entries, *second.entries]) == [str(n) for n in range(20)]


@virtual
@pytest.mark.parametrize("indexed", [0, 1, 2])
async def test_an_entry_that_is_being_sealed_is_listed_once(indexed: int) -> None:
    """It is in the index of the person, and its mark is still there."""
    world = World()
    entries = [entry(str(n), ago=n * HOUR) for n in range(3)]
    await history(world).append(entries)
    one = entries[indexed]
    put = Put(key_of(one), body_of(one))
    await world.store.commit(HISTORY_COLLECTION, user_partition(user(1)), [put])

    page = await history(world).newest(1, matches=Filter(user=user(1)))
    rest = await history(world).newest(9, before=page.before, matches=Filter(user=user(1)))

    assert names([*page.entries, *rest.entries]) == ["0", "1", "2"]


@virtual
async def test_what_a_second_request_reads_is_listed_once() -> None:
    world = World()
    results = ["succeeded", "failed", "succeeded", "failed"]
    ages = enumerate(results)
    await history(world).append([entry(str(n), ago=n * HOUR, result=r) for n, r in ages])

    page = await history(world).newest(2, matches=Filter(results=frozenset({"failed"})))

    assert names(page.entries) == ["1", "3"]


@virtual
async def test_a_filter_selects_by_kind_result_target_and_time() -> None:
    world = World()
    await history(world).append(
        [
            entry("new", ago=HOUR),
            entry("failed", ago=2 * HOUR, result="failed"),
            entry("alert", ago=3 * HOUR, kind=EntryKind.ALERT),
            entry("old", ago=2 * DAY),
        ]
    )

    async def found(matches: Filter) -> list[str]:
        return names((await history(world).newest(10, matches=matches)).entries)

    assert await found(Filter(kinds=frozenset({EntryKind.ALERT}))) == ["alert"]
    assert await found(Filter(results=frozenset({"failed"}))) == ["failed"]
    assert await found(Filter(target="OTHER")) == []
    assert await found(Filter(since=now() - DAY)) == ["new", "failed", "alert"]
    assert await found(Filter(since=now() - 2 * HOUR)) == ["new", "failed"]
    assert await found(Filter(until=now() - 2 * HOUR)) == ["alert", "old"]


@virtual
async def test_a_page_reads_no_more_than_it_needs_of_a_long_history() -> None:
    store = CountingStore(MemoryStore())
    world = World(store=store)
    for start in range(0, 1_000, 500):
        ages = [n * timedelta(minutes=20) for n in range(start, start + 500)]
        await history(world).append([entry(str(ago), ago=ago) for ago in ages])
    await all_sealed(world)

    store.requests = 0
    first = await history(world).newest(50)
    assert (len(first.entries), store.requests) == (50, 3)  # the days, today and yesterday

    store.requests = 0
    of_person = await history(world).newest(50, matches=Filter(user=user(1)))
    assert (len(of_person.entries), store.requests) == (50, 4)  # three days without marks


@virtual
async def test_a_filter_that_matches_little_reads_a_bounded_part_and_says_how_to_go_on() -> None:
    world = World()
    rare = entry("rare", ago=timedelta(seconds=MAX_ENTRIES_READ), result="failed")
    common = [entry(str(n), ago=timedelta(seconds=n)) for n in range(MAX_ENTRIES_READ)]
    await history(world).append([*common, rare])
    failed = Filter(results=frozenset({"failed"}))

    first = await history(world).newest(10, matches=failed)
    second = await history(world).newest(10, matches=failed, before=first.before)

    assert (names(first.entries), first.before) == ([], key_of(common[-1]))
    assert (names(second.entries), second.before) == (["rare"], None)


@virtual
@pytest.mark.parametrize("before", ["x", "", "|", "9" * 40])
async def test_a_token_that_is_none_is_refused(before: str) -> None:
    with pytest.raises(ValueError, match="no place in the history"):
        await history(World()).newest(10, before=before)


class Largest(MemoryStore):
    """Notes the characters of the largest commit."""

    chars = 0

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        size = sum(len(encoded(write.body)) for write in writes if isinstance(write, Put))
        self.chars = max(self.chars, size)
        return await super().commit(collection, partition, writes)


@virtual
async def test_entries_of_the_longest_texts_fit_into_the_commits_of_azure_tables() -> None:
    store = Largest()
    longest = "🦊" * 1_000
    entries = [
        replace(entry(str(n)), reason=longest, next_action=longest, why=longest) for n in range(80)
    ]

    await History(store, now).append(entries)

    assert 500_000 < store.chars < 2 * 1024 * 1024
    assert len((await History(store, now).newest(100)).entries) == len(entries)


@virtual
async def test_an_entry_takes_one_request_to_append() -> None:
    store = CountingStore(MemoryStore())
    kept = History(store, now)
    await kept.append([entry("the first of the day")])

    store.requests = 0
    await kept.append([entry("another"), entry("one more")])

    assert store.requests == 1

"""A check of the history names each entry and each seal that somebody removed, altered or inserted,
and raises no alarm about what is only late or still being written."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from hasten.domain.history import EntryKind
from hasten.domain.history_findings import Checked, Wrong
from hasten.json import Json
from hasten.ports.store import Delete, Document, Put
from hasten.records.history_check import Check
from hasten.records.history_keys import (
    AT_PREFIX,
    HISTORY_COLLECTION,
    NEW_PREFIX,
    SEALS_PARTITION,
    day_partition,
)
from hasten.records.history_seals import page_key, seal_key
from tests.fakes.memory_store import MemoryStore
from tests.support.history import all_sealed, entry, history, today
from tests.support.slow_store import Slow
from tests.support.virtual_time import now, virtual
from tests.support.world import World, user

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIRST_DAY_ENTRIES = 5


async def three_days(store: MemoryStore | None = None) -> World:
    world = World(store=store or MemoryStore())
    for day in range(3):
        entries = [
            entry(f"{day}.{n}", user=user(n), ago=n * timedelta(minutes=1))
            for n in range(FIRST_DAY_ENTRIES)
        ]
        await history(world).append(entries[:3])
        await all_sealed(world)
        await history(world).append(entries[3:])
        await all_sealed(world)
        await asyncio.sleep(DAY.total_seconds())
    return world


async def checked(
    world: World, *, since: timedelta | None = None, expected: dict[int, str] | None = None
) -> Checked:
    begin = now() - since if since else None
    return await Check(world.store, now(), begin, expected or {}).run()


def found(result: Checked) -> list[tuple[Wrong, str, str]]:
    return [
        (one.wrong, one.where, one.entry.reason if one.entry else one.key)
        for one in result.findings
    ]


async def change(world: World, partition: str, key: str, to: Callable[[Json], Json] | None) -> None:
    """Does what somebody does who may write to the store."""
    document = await world.store.get(HISTORY_COLLECTION, partition, key)
    assert document is not None
    write = Delete(key, document.etag) if to is None else Put(key, to(document.body), document.etag)
    await world.store.commit(HISTORY_COLLECTION, partition, [write])


async def keys(world: World, partition: str, prefix: str) -> Sequence[str]:
    return [d.key for d in await world.store.scan(HISTORY_COLLECTION, partition, prefix)]


@virtual
async def test_a_history_that_nobody_touched_has_no_finding() -> None:
    world = await three_days()
    await history(world).append([entry("not sealed yet", ago=HOUR)])

    result = await checked(world)

    assert found(result) == []
    assert (result.entries, result.unsealed, result.seals) == (16, 1, 6)
    head = await world.context.seals.head()
    assert (result.number, result.digest) == (head.number, head.digest)


@virtual
@pytest.mark.parametrize("since", [None, timedelta(days=2, hours=12)])
async def test_a_removed_entry_is_named(since: timedelta | None) -> None:
    world = await three_days()
    day = today(now() - 2 * DAY)
    keys_of_day = await keys(world, day_partition(day), AT_PREFIX)
    await change(world, day_partition(day), keys_of_day[2], None)

    assert (Wrong.REMOVED, f"day {day}", "1.2") in found(await checked(world, since=since))


@virtual
async def test_an_altered_entry_is_named_as_it_was() -> None:
    world = await three_days()
    day = today(now() - 2 * DAY)
    [key, *_] = await keys(world, day_partition(day), AT_PREFIX)
    await change(world, day_partition(day), key, lambda body: {**body, "reason": "nothing"})

    assert (Wrong.ALTERED, f"day {day}", "1.0") in found(await checked(world))


@virtual
async def test_an_inserted_entry_is_named() -> None:
    world = await three_days()
    day = today(now() - 2 * DAY)
    [key, *_] = await keys(world, day_partition(day), AT_PREFIX)
    document = await world.store.get(HISTORY_COLLECTION, day_partition(day), key)
    assert document is not None
    forged = Put(key[:-1] + "~", {**document.body, "reason": "forged"})
    await world.store.commit(HISTORY_COLLECTION, day_partition(day), [forged])

    result = await checked(world)

    assert (Wrong.INSERTED, f"day {day}", "forged") in found(result)
    assert result.unsealed == 0


@virtual
async def test_an_entry_that_the_index_of_a_person_lacks_or_has_besides_is_named() -> None:
    world = await three_days()
    partition = f"user|{user(1)}"
    [newest, middle, oldest] = await keys(world, partition, "")
    await change(world, partition, newest, None)
    await change(world, partition, middle, lambda body: {**body, "reason": "nothing"})
    await world.store.commit(
        HISTORY_COLLECTION,
        partition,
        [Put(oldest[:-1] + "~", {"id": "x", "at": now().isoformat(), "kind": EntryKind.OUTCOME})],
    )

    wrong = [one.wrong for one in (await checked(world)).findings if one.where == partition]

    assert sorted(wrong) == [Wrong.ALTERED, Wrong.INSERTED, Wrong.REMOVED]


@virtual
async def test_a_removed_seal_and_an_altered_one_are_named() -> None:
    world = await three_days()
    await change(world, SEALS_PARTITION, seal_key(2), None)
    later = now().isoformat()
    await change(world, SEALS_PARTITION, seal_key(3), lambda body: {**body, "at": later})
    await change(world, SEALS_PARTITION, seal_key(4), lambda body: {**body, "count": 1})
    await change(world, SEALS_PARTITION, seal_key(6), None)
    await change(
        world,
        SEALS_PARTITION,
        page_key(5),
        lambda body: {"entries": [*body["entries"], *body["entries"]]},
    )

    result = {(one.wrong, one.where) for one in (await checked(world)).findings}

    assert {
        (Wrong.SEAL_REMOVED, "seal 2"),
        (Wrong.SEAL_ALTERED, "seal 3"),
        (Wrong.SEAL_ALTERED, "seal 4"),
        (Wrong.SEAL_ALTERED, "seal 5"),
        (Wrong.SEAL_REMOVED, "seal 6"),
    } <= result


@virtual
async def test_a_chain_that_was_made_anew_differs_from_the_digest_in_the_log() -> None:
    world = await three_days()
    logged = await world.context.seals.head()
    forged = World(store=MemoryStore())
    await history(forged).append([entry("forged", ago=HOUR)])
    await all_sealed(forged)

    assert found(await checked(forged)) == []
    assert found(await checked(world, expected={logged.number: logged.digest})) == []
    [one] = (await checked(forged, expected={1: logged.digest})).findings
    assert (one.wrong, one.where) == (Wrong.CHAIN_BROKEN, "seal 1")
    [gone] = (await checked(forged, expected={logged.number: logged.digest})).findings
    assert gone.wrong is Wrong.SEAL_REMOVED


@virtual
async def test_a_late_entry_is_no_finding_before_and_after_it_is_sealed() -> None:
    world = await three_days()
    await history(world).append([entry("late", ago=2 * DAY)])
    before = await checked(world)
    await all_sealed(world)
    after = await checked(world)

    assert (found(before), before.unsealed) == ([], 1)
    assert (found(after), after.unsealed) == ([], 0)


@virtual
async def test_what_is_written_and_sealed_during_the_check_is_no_finding() -> None:
    world = World(store=Slow(MemoryStore()))

    async def write() -> None:
        for n in range(200):
            await history(world).append([entry(f"now {n}", user=user(n % 7))])
            if n % 3 == 0:
                await all_sealed(world)

    async def check() -> list[tuple[Wrong, str, str]]:
        broken: list[tuple[Wrong, str, str]] = []
        for _ in range(40):
            broken += found(await checked(world))
        return broken

    _, broken = await asyncio.gather(write(), check())

    assert broken == []


class Interrupted(MemoryStore):
    """Has an entry written and sealed before the marks of today are read."""

    interrupt: Callable[[], Awaitable[None]] | None = None

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        interrupt = self.interrupt
        if interrupt is not None and (partition, prefix) == (day_partition(today()), NEW_PREFIX):
            self.interrupt = None
            await interrupt()
        return await super().scan(collection, partition, prefix, limit, after=after)


@virtual
async def test_an_entry_that_is_sealed_between_two_reads_of_the_check_is_no_finding() -> None:
    store = Interrupted()
    world = World(store=store)
    await history(world).append([entry("before")])
    await all_sealed(world)

    async def interrupt() -> None:
        await history(world).append([entry("meanwhile")])
        await all_sealed(world)

    store.interrupt = interrupt

    assert found(await checked(world)) == []


@virtual
async def test_a_check_of_the_last_day_reads_few_seals() -> None:
    world = await three_days()

    result = await checked(world, since=timedelta(hours=30))

    assert (found(result), result.entries, result.seals) == ([], FIRST_DAY_ENTRIES, 2)

"""Writes of more than one commit takes, and reads of more than one request returns."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.sightings import Sighting
from hasten.ports.store import MAX_WRITES, Put, Write
from hasten.records import (
    cursors,
    delta_batches,
    direct_assignments,
    failures,
    mirrored_members,
    missing,
    proposals,
)
from hasten.records.delta_batches import DeltaBatch
from hasten.records.ledger_keys import FAILED_PREFIX, LEDGER_COLLECTION
from hasten.records.missing import COMMIT_MAX_CHARS
from hasten.records.proposals import Proposal
from hasten.records.roster import Roster
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.domain.rows import change

MANY = [MAX_WRITES - 1, MAX_WRITES, MAX_WRITES + 1, 2 * MAX_WRITES + 1]
SECOND = timedelta(seconds=1)
MOST_BYTES = 4 * 1024 * 1024
"""Largest entity group transaction of Azure Tables."""


def commits_for(count: int) -> int:
    return -(-count // MAX_WRITES)


@pytest.mark.parametrize("count", MANY)
@virtual
async def test_batches_are_replaced_however_many(count: int) -> None:
    store = MemoryStore()
    old = [DeltaBatch(key=f"{n:05}", groups=(f"{n}",), link="l") for n in range(count)]
    await delta_batches.replace_all(store, [], old)
    assert store.commits == commits_for(count)

    stored = await delta_batches.load_all(store)
    new = [replace(stored[0], groups=("x",)), replace(stored[0], key="99999", etag=None)]
    await delta_batches.replace_all(store, stored, new)

    assert [one.key for one in await delta_batches.load_all(store)] == ["00000", "99999"]
    assert (await delta_batches.load_all(store))[0].groups == ("x",)


@pytest.mark.parametrize("count", MANY)
@virtual
async def test_direct_assignments_are_saved_however_many(count: int) -> None:
    store, users = MemoryStore(), [user(n) for n in range(count)]
    etags = await direct_assignments.announce(store, TOTAL, dict.fromkeys(users))
    assert store.commits == commits_for(count)
    announced = await direct_assignments.known(store, TOTAL)
    assert all(direct_assignments.is_new(one, now()) for one in announced.values())

    await direct_assignments.save_sweep(store, TOTAL, users[1:], users[:1], etags)

    known = await direct_assignments.known(store, TOTAL)
    assert set(known) == set(users[1:])
    assert not any(direct_assignments.is_new(one, now()) for one in known.values())


@pytest.mark.parametrize("count", MANY)
@virtual
async def test_proposals_are_saved_and_forgotten_however_many(count: int) -> None:
    store = MemoryStore()
    made = [
        Proposal(held=f"g|{n}", version="1", by="ada", reason="r", at=START) for n in range(count)
    ]
    await proposals.save(store, TOTAL, made)
    assert store.commits == commits_for(count)
    again = [replace(one, by="kim") for one in made]
    await proposals.save(store, TOTAL, again)
    assert await proposals.load(store, TOTAL) == {one.held: one for one in again}

    await proposals.forget(store, TOTAL, [one.held for one in made[1:]])

    assert list(await proposals.load(store, TOTAL)) == ["g|0"]


@pytest.mark.parametrize("count", MANY)
@virtual
async def test_mirrored_members_and_marks_of_failures_are_forgotten_however_many(
    count: int,
) -> None:
    store, users = MemoryStore(), [user(n) for n in range(count)]
    for start in range(0, count, MAX_WRITES):
        some = users[start : start + MAX_WRITES]
        await mirrored_members.remember(store, TOTAL, ENGINEERING, some, START)
        marks = [failures.put(change(user=0, group=one), START) for one in some]
        await store.commit(LEDGER_COLLECTION, TOTAL, marks)
    commits = store.commits

    await mirrored_members.forget(store, TOTAL, ENGINEERING, users)
    await failures.forget_old(store, TOTAL, START + SECOND)

    assert store.commits == commits + 2 * commits_for(count)
    assert await mirrored_members.remembered(store, TOTAL, ENGINEERING) == {}
    assert await store.scan(LEDGER_COLLECTION, TOTAL, FAILED_PREFIX) == []


@pytest.mark.parametrize("count", MANY)
@virtual
async def test_first_cursors_are_saved_however_many(count: int) -> None:
    store = MemoryStore()
    links = {f"{n:03}": f"l{n}" for n in range(count)}

    await cursors.save_first(store, links, START)

    assert store.commits == commits_for(count)
    assert await cursors.without(store, [*links, "new"]) == ["new"]


@pytest.mark.parametrize(("count", "requests"), [(20, 20), (21, 1), (0, 0)])
@virtual
async def test_groups_without_a_cursor_are_found_in_few_requests(count: int, requests: int) -> None:
    inner = MemoryStore()
    await cursors.save_first(inner, {"000": "l"}, START)
    store = CountingStore(inner)
    groups = [f"{n:03}" for n in range(count)]

    assert await cursors.without(store, groups) == groups[1:]
    assert store.requests == requests


@virtual
async def test_a_cursor_that_was_never_saved_or_cannot_be_read_begins_now() -> None:
    store = MemoryStore()
    place = (cursors.CURSORS_COLLECTION, cursors.CURSORS_PARTITION)
    await store.commit(
        *place, [Put("bad", {"link": 7, "origin": 1}), Put("old", {"link": "l", "origin": 5})]
    )
    assert await cursors.load(store, "g") is None
    known = await cursors.load(store, "old")
    assert known is not None
    assert (known.link, known.origin, known.is_page, known.is_lost) == ("l", 5, False, False)
    bad = await cursors.load(store, "bad")
    assert bad is not None
    assert (bad.is_lost, bad.origin) == (True, 0)

    for name in ("g", "bad"):
        fresh = await cursors.load_or_first(store, name, START)
        assert replace(fresh, etag=None) == cursors.first("", START)
        await cursors.save(store, name, replace(fresh, link="n", is_page=True))
        again = await cursors.load_or_first(store, name, START)
        assert (again.link, again.is_page) == ("n", True)


# --- documents that never change ---


def sized(chars: int, key: str) -> list[Put]:
    """A document whose body has so many characters of JSON."""
    return [Put(key, {"x": "y" * (chars - len('{"x": ""}'))})]


@pytest.mark.parametrize(("last", "commits"), [(0, 1), (1, 2)])
@virtual
async def test_a_commit_takes_as_many_characters_as_stated(last: int, commits: int) -> None:
    store, size = MemoryStore(), 200_000
    sizes = [*[size] * (COMMIT_MAX_CHARS // size), COMMIT_MAX_CHARS % size + last]
    groups = [sized(chars, f"{n}") for n, chars in enumerate(sizes)]

    await missing.put_missing(store, "history", "p", groups)

    assert store.commits == commits
    assert len(await store.scan("history", "p")) == len(groups)


@pytest.mark.parametrize(("last", "commits"), [(0, 2), (1, 3)])
@virtual
async def test_each_further_commit_takes_as_many(last: int, commits: int) -> None:
    store, half = MemoryStore(), COMMIT_MAX_CHARS // 8
    sizes = [*[half] * 15, half + last]

    await missing.put_missing(
        store, "history", "p", [sized(chars, f"{n:02}") for n, chars in enumerate(sizes)]
    )

    assert store.commits == commits


@pytest.mark.parametrize(
    ("count", "commits"), [(0, 0), (50, 1), (51, 2), (100, 2), (101, 3), (150, 3), (151, 4)]
)
@virtual
async def test_a_commit_takes_a_hundred_documents_and_parts_no_group(
    count: int, commits: int
) -> None:
    store = MemoryStore()
    groups = [[Put(f"a{n:03}", {}), Put(f"b{n:03}", {})] for n in range(count)]

    for _ in range(2):
        await missing.put_missing(store, "history", "p", groups)

    assert store.commits == commits
    assert len(await store.scan("history", "p")) == 2 * count


class Measuring(MemoryStore):
    """Keeps the most characters of one commit."""

    most_chars = 0

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        chars = sum(len(json.dumps(one.body)) for one in writes if isinstance(one, Put))
        self.most_chars = max(self.most_chars, chars)
        return await super().commit(collection, partition, writes)


@virtual
async def test_the_roster_of_the_largest_tenant_is_written_in_commits_that_azure_tables_takes() -> (
    None
):
    store = Measuring()
    users = [user(number) for number in range(300_000)]
    seen = Sighting(digest="0123abcd." + "f" * 20, origin=1_790_000_000_000)

    await Roster(store).change(TOTAL, dict.fromkeys(users, lambda _: seen))

    assert store.most_chars < MOST_BYTES
    assert len(await Roster(store).load(TOTAL)) == len(users)

"""Writes that give way to another writer."""

from hasten.ports.store import MAX_WRITES, Delete, Put
from hasten.records.commits import commit_unchanged, delete, try_commit, write
from tests.fakes.memory_store import MemoryStore

PLACE = ("things", "all")


async def test_a_document_is_written_over_the_one_that_was_read() -> None:
    store = MemoryStore()

    assert await write(store, *PLACE, "a", {"n": 1}, over=None)
    first = await store.get(*PLACE, "a")
    assert await write(store, *PLACE, "a", {"n": 2}, over=first)

    found = await store.get(*PLACE, "a")
    assert found is not None
    assert found.body == {"n": 2}


async def test_a_write_gives_way_to_another_writer() -> None:
    store = MemoryStore()
    await write(store, *PLACE, "a", {"n": 1}, over=None)
    read = await store.get(*PLACE, "a")
    await write(store, *PLACE, "a", {"n": 2}, over=read)

    assert not await write(store, *PLACE, "a", {"n": 3}, over=read)
    assert not await write(store, *PLACE, "a", {"n": 3}, over=None)

    found = await store.get(*PLACE, "a")
    assert found is not None
    assert found.body == {"n": 2}


async def test_a_commit_writes_nothing_if_one_document_changed() -> None:
    store = MemoryStore()
    await write(store, *PLACE, "a", {}, over=None)

    assert not await try_commit(store, *PLACE, [Put("b", {}), Put("a", {})])

    assert await store.get(*PLACE, "b") is None


async def test_a_document_is_deleted_whether_or_not_it_is_there() -> None:
    store = MemoryStore()
    await write(store, *PLACE, "a", {}, over=None)

    await delete(store, *PLACE, "a")
    await delete(store, *PLACE, "a")

    assert await store.scan(*PLACE) == []


async def test_documents_that_changed_meanwhile_stay_and_the_others_go() -> None:
    store = MemoryStore()
    for number in range(MAX_WRITES + 5):
        await write(store, *PLACE, f"{number:03}", {}, over=None)
    read = await store.scan(*PLACE)
    await write(store, *PLACE, "000", {"n": 2}, over=read[0])

    made = await commit_unchanged(store, *PLACE, [Delete(d.key, d.etag) for d in read])

    assert made == MAX_WRITES + 4
    assert [document.key for document in await store.scan(*PLACE)] == ["000"]

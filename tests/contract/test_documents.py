"""What is written comes back, and only a writer who saw the latest state may change it."""

import pytest

from hasten.errors import Conflict
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store, Write

PARTITION = "partition"


async def put(store: Store, collection: str, key: str, **body: object) -> Document:
    await store.commit(collection, PARTITION, [Put(key, body)])
    return await read(store, collection, key)


async def read(store: Store, collection: str, key: str) -> Document:
    document = await store.get(collection, PARTITION, key)
    assert document is not None
    return document


async def test_a_document_comes_back_as_it_was_written(store: Store, collection: str) -> None:
    body = {"text": "Zoë 🦊", "number": 7, "none": None, "nested": {"list": [1, 2.5, True]}}

    document = await put(store, collection, "key", **body)

    assert (document.key, document.body) == ("key", body)


async def test_a_document_never_written_is_absent(store: Store, collection: str) -> None:
    assert await store.get(collection, PARTITION, "key") is None
    assert list(await store.scan(collection, PARTITION)) == []

    await put(store, collection, "other")

    assert await store.get(collection, PARTITION, "key") is None


async def test_partitions_and_collections_do_not_see_each_other(
    store: Store, collection: str
) -> None:
    await put(store, collection, "key", at="here")
    await store.commit(collection, "elsewhere", [Put("key", {"at": "elsewhere"})])
    await store.commit(collection[::-1] + "x", PARTITION, [Put("key", {"at": "far away"})])

    documents = await store.scan(collection, PARTITION)

    assert [document.body for document in documents] == [{"at": "here"}]


async def test_a_put_without_etag_refuses_to_overwrite(store: Store, collection: str) -> None:
    await put(store, collection, "key", version=1)

    with pytest.raises(Conflict) as conflict:
        await store.commit(collection, PARTITION, [Put("key", {"version": 2})])

    assert conflict.value.key == "key"
    assert (await read(store, collection, "key")).body == {"version": 1}


async def test_a_put_with_the_current_etag_replaces_the_whole_body(
    store: Store, collection: str
) -> None:
    first = await put(store, collection, "key", long="x" * 100_000, old=True)

    await store.commit(collection, PARTITION, [Put("key", {"new": True}, first.etag)])

    second = await read(store, collection, "key")
    assert second.body == {"new": True}
    assert second.etag != first.etag


async def test_a_put_with_an_outdated_etag_changes_nothing(store: Store, collection: str) -> None:
    first = await put(store, collection, "key", version=1)
    await store.commit(collection, PARTITION, [Put("key", {"version": 2}, first.etag)])

    with pytest.raises(Conflict):
        await store.commit(collection, PARTITION, [Put("key", {"version": 3}, first.etag)])

    assert (await read(store, collection, "key")).body == {"version": 2}


async def test_a_delete_needs_the_current_etag(store: Store, collection: str) -> None:
    first = await put(store, collection, "key", version=1)
    await store.commit(collection, PARTITION, [Put("key", {"version": 2}, first.etag)])

    with pytest.raises(Conflict):
        await store.commit(collection, PARTITION, [Delete("key", first.etag)])
    second = await read(store, collection, "key")
    await store.commit(collection, PARTITION, [Delete("key", second.etag)])

    assert await store.get(collection, PARTITION, "key") is None


async def test_the_etag_of_a_deleted_document_opens_nothing(store: Store, collection: str) -> None:
    gone = await put(store, collection, "key", version=1)
    await store.commit(collection, PARTITION, [Delete("key", gone.etag)])

    with pytest.raises(Conflict):
        await store.commit(collection, PARTITION, [Put("key", {}, gone.etag)])
    with pytest.raises(Conflict):
        await store.commit(collection, PARTITION, [Delete("key", gone.etag)])
    await put(store, collection, "key", version=1)
    with pytest.raises(Conflict):
        await store.commit(collection, PARTITION, [Put("key", {}, gone.etag)])

    assert (await read(store, collection, "key")).body == {"version": 1}


async def test_a_commit_with_one_conflict_writes_nothing(store: Store, collection: str) -> None:
    known = await put(store, collection, "known", version=1)
    await put(store, collection, "taken", version=1)
    writes = [
        Put("new", {}),
        Put("known", {"version": 2}, known.etag),
        Put("taken", {"version": 2}),
        Put("newer", {}),
    ]

    with pytest.raises(Conflict) as conflict:
        await store.commit(collection, PARTITION, writes)

    assert conflict.value.key == "taken"
    documents = await store.scan(collection, PARTITION)
    assert {document.key: document.body for document in documents} == {
        "known": {"version": 1},
        "taken": {"version": 1},
    }


async def test_a_document_moves_to_another_key_in_one_commit(store: Store, collection: str) -> None:
    here = await put(store, collection, "open|1", version=1)

    writes: list[Write] = [Put("done|1", {"version": 2}), Delete("open|1", here.etag)]
    await store.commit(collection, PARTITION, writes)

    documents = await store.scan(collection, PARTITION)
    assert [(document.key, document.body) for document in documents] == [("done|1", {"version": 2})]


async def test_a_commit_takes_as_many_writes_as_allowed(store: Store, collection: str) -> None:
    writes = [Put(f"{n:03}", {"n": n}) for n in range(MAX_WRITES)]

    await store.commit(collection, PARTITION, writes)

    documents = await store.scan(collection, PARTITION)
    assert [document.body["n"] for document in documents] == list(range(MAX_WRITES))


async def test_a_commit_of_nothing_is_no_error(store: Store, collection: str) -> None:
    await store.commit(collection, PARTITION, [])

    assert list(await store.scan(collection, PARTITION)) == []


async def test_a_commit_returns_the_etag_of_each_put_and_none_for_a_delete(
    store: Store, collection: str
) -> None:
    await put(store, collection, "goes")
    goes = await read(store, collection, "goes")
    await put(store, collection, "stays")
    stays = await read(store, collection, "stays")

    etags = await store.commit(
        collection,
        PARTITION,
        [Put("new", {}), Delete("goes", goes.etag), Put("stays", {"is": 2}, stays.etag)],
    )

    new = await read(store, collection, "new")
    changed = await read(store, collection, "stays")
    assert list(etags) == [new.etag, None, changed.etag]


async def test_an_etag_that_a_commit_returned_lets_the_next_one_through(
    store: Store, collection: str
) -> None:
    [first] = await store.commit(collection, PARTITION, [Put("key", {"is": 1})])
    [second] = await store.commit(collection, PARTITION, [Put("key", {"is": 2}, first)])
    await store.commit(collection, PARTITION, [Put("key", {"is": 3}, second)])

    assert (await read(store, collection, "key")).body == {"is": 3}

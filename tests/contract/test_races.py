"""Two writers at once: exactly one wins, the other is told, and no update is lost."""

import asyncio

from hasten.errors import Conflict
from hasten.ports.store import Put, Store
from tests.contract.conftest import Connect

PARTITION = "partition"
ROUNDS = 20


async def wins(store: Store, collection: str, write: Put) -> bool:
    try:
        await store.commit(collection, PARTITION, [write])
    except Conflict:
        return False
    return True


async def test_one_of_two_connections_that_insert_the_same_key_wins(
    connect: Connect, collection: str
) -> None:
    one, other = connect(), connect()

    for number in range(ROUNDS):
        won = await asyncio.gather(
            wins(one, collection, Put(f"{number}", {"by": "one"})),
            wins(other, collection, Put(f"{number}", {"by": "other"})),
        )

        document = await one.get(collection, PARTITION, f"{number}")
        assert document is not None
        assert sorted(won) == [False, True]
        assert document.body == {"by": "one" if won[0] else "other"}


async def test_one_of_two_connections_that_saw_the_same_state_wins(
    connect: Connect, collection: str
) -> None:
    one, other = connect(), connect()
    await one.commit(collection, PARTITION, [Put("key", {"by": "nobody"})])

    for _ in range(ROUNDS):
        seen = await one.get(collection, PARTITION, "key")
        assert seen is not None
        won = await asyncio.gather(
            wins(one, collection, Put("key", {"by": "one"}, seen.etag)),
            wins(other, collection, Put("key", {"by": "other"}, seen.etag)),
        )

        document = await other.get(collection, PARTITION, "key")
        assert document is not None
        assert sorted(won) == [False, True]
        assert document.body == {"by": "one" if won[0] else "other"}


async def test_many_tasks_on_one_connection_lose_no_update(store: Store, collection: str) -> None:
    await store.commit(collection, PARTITION, [Put("sum", {"is": 0})])

    async def add_one() -> None:
        added = False
        while not added:
            seen = await store.get(collection, PARTITION, "sum")
            assert seen is not None
            added = await wins(
                store, collection, Put("sum", {"is": seen.body["is"] + 1}, seen.etag)
            )

    await asyncio.gather(*(add_one() for _ in range(8)))

    document = await store.get(collection, PARTITION, "sum")
    assert document is not None
    assert document.body == {"is": 8}

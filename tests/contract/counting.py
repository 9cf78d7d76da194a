"""Run as a process: adds one to a shared counter, `times` times, without losing an update."""

import asyncio
import sys

from hasten.adapters.store.url import open_store
from hasten.errors import Conflict
from hasten.ports.store import Put, Store
from tests.contract.conftest import nobody

COLLECTION = "counters"
PARTITION = "partition"
KEY = "sum"


async def count(store: Store, times: int) -> None:
    done = 0
    while done < times:
        seen = await store.get(COLLECTION, PARTITION, KEY)
        put = Put(KEY, {"is": seen.body["is"] + 1}, seen.etag) if seen else Put(KEY, {"is": 1})
        try:
            await store.commit(COLLECTION, PARTITION, [put])
        except Conflict:
            continue
        done += 1


async def main(url: str, times: int) -> None:
    store = open_store(url, credential=nobody)
    await count(store, times)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))

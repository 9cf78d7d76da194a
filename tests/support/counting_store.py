"""A store that counts the requests it passes on."""

from collections.abc import Sequence

from hasten.ports.store import Document, Store, Write


class CountingStore:
    def __init__(self, store: Store) -> None:
        self._store = store
        self.requests = 0

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        self.requests += 1
        return await self._store.get(collection, partition, key)

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        self.requests += 1
        return await self._store.scan(collection, partition, prefix, limit, after=after)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        self.requests += 1
        return await self._store.commit(collection, partition, writes)

    async def close(self) -> None:
        await self._store.close()

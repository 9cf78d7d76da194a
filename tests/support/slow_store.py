"""A store whose requests take time, so that workers overtake one another."""

import asyncio
from collections.abc import Sequence

from hasten.ports.store import Document, Write
from tests.support.counting_store import CountingStore


class Slow(CountingStore):
    """Delays each request by a different time."""

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        found = await super().get(collection, partition, key)
        await asyncio.sleep(0.01 * (self.requests % 2))
        return found

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        found = await super().scan(collection, partition, prefix, limit, after=after)
        await asyncio.sleep(0.01 * (self.requests % 5))
        return found

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        await asyncio.sleep(0.01 * (self.requests % 3))
        return await super().commit(collection, partition, writes)

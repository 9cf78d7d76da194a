"""A store in which another worker is always faster."""

from collections.abc import Awaitable, Callable, Sequence

from hasten.errors import Conflict
from hasten.ports.store import Write
from tests.fakes.memory_store import MemoryStore


class Racing(MemoryStore):
    """`meanwhile` runs once, before the next commit: what another worker does."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await super().commit(collection, partition, writes)


class Losing(MemoryStore):
    """Loses each race while `loses`. `tries` counts the commits."""

    loses = True
    tries = 0

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        self.tries += 1
        if self.loses:
            raise Conflict(writes[0].key)
        return await super().commit(collection, partition, writes)

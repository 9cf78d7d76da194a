"""The requests to the store that a lease costs, as docs/architecture.md states them."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from hasten.messages import Wake
from hasten.ports.store import Document, Write
from hasten.provision.drain import drain
from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

PAGE = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text()
WAKE = Wake(target=TOTAL)


class OfLease(MemoryStore):
    """Counts the requests that concern the lease of a drain and nothing else."""

    requests = 0

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        self.requests += key.endswith(WorkKind.DRAIN)
        return await super().get(collection, partition, key)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        self.requests += all(write.key.endswith(WorkKind.DRAIN) for write in writes)
        return await super().commit(collection, partition, writes)


def stated(what: str) -> int:
    found = re.search(rf"^\| {re.escape(what)} \| 0 \| (\d+) \|$", PAGE, re.MULTILINE)
    assert found is not None, what
    return int(found[1])


async def discovered() -> tuple[World, OfLease]:
    store = OfLease()
    world = World(store=store)
    await world.is_discovered()
    await drain(world.context, WAKE)  # the lease has a record from here on
    store.requests = 0
    return world, store


@virtual
async def test_a_drain_without_work_costs_what_the_page_says() -> None:
    world, store = await discovered()

    await drain(world.context, WAKE)

    assert store.requests == stated("requests to the store of a drain without work")


@virtual
async def test_a_drain_with_a_call_costs_what_the_page_says() -> None:
    world, store = await discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1
    assert store.requests == stated(
        "requests to the store of a drain with a call, without those of the call"
    )


@virtual
async def test_a_wake_that_finds_a_worker_costs_what_the_page_says() -> None:
    world, store = await discovered()
    assert await acquire(world.store, TOTAL, WorkKind.DRAIN, owner="other", now=now) is not None
    await asyncio.sleep(1)

    store.requests = 0
    await drain(world.context, WAKE)
    first, store.requests = store.requests, 0
    await drain(world.context, WAKE)

    assert first == stated("requests to the store of the first wake that finds a worker")
    assert store.requests == stated("requests to the store of each further wake")

"""The webhook's use of the store: few reads under a flood, and the signs it writes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

from hasten.errors import TemporaryError
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.store import Document, Write
from hasten.records import discovered, signs
from hasten.records.signs import Sign
from hasten.watch.webhook import GROUPS_RELOAD_INTERVAL
from tests.fakes.memory_store import MemoryStore
from tests.support.subscriber import Subscriber, group
from tests.support.virtual_time import now, virtual
from tests.support.webhook import body, item, receiving
from tests.support.world import ENGINEERING, World, user


@dataclass
class CountingStore(MemoryStore):
    scans: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        self.scans.append(collection)
        return await super().scan(collection, partition, prefix, limit, after=after)


@virtual
async def test_a_flood_of_changes_in_other_groups_reads_the_store_once_in_three_seconds() -> None:
    store = CountingStore()
    world = World(store=store)
    service = await receiving(world)

    for number in range(100):
        await service.receive(body(item(resource=f"Groups/{group(100 + number)}")))
        await asyncio.sleep(0.06)

    assert store.scans.count(discovered.DISCOVERED_COLLECTION) == 2


@virtual
async def test_a_group_watched_since_the_last_read_is_known_once_a_read_is_allowed_again() -> None:
    world = Subscriber()
    service = await receiving(world)
    later = item(resource=f"Groups/{group(7)}")
    await service.receive(body(later))
    await world.watches(ENGINEERING, group(7))

    await service.receive(body(later))
    await asyncio.sleep(GROUPS_RELOAD_INTERVAL.total_seconds())
    await service.receive(body(later))

    assert world.results("notification") == ["not_watched", "not_watched", "queued"]


@virtual
async def test_posts_that_come_while_the_watched_groups_are_read_wait_for_the_answer() -> None:
    world = World()
    service = await receiving(world)

    await asyncio.gather(*(service.receive(body(item())) for _ in range(3)))

    assert world.results("notification") == ["queued"] * 3


@virtual
async def test_a_flood_of_forgeries_reads_the_store_once_a_minute() -> None:
    store = CountingStore()
    world = World(store=store)
    service = await receiving(world)
    store.scans.clear()

    for number in range(50):
        await service.receive(body(item(clientState="forged", subscriptionId=user(number))))

    assert len(store.scans) == 1


@virtual
async def test_a_believed_notification_is_noted_once_it_is_queued() -> None:
    world = World()
    service = await receiving(world)
    world.bus.down = True
    await service.receive(body(item()))
    assert await signs.load(world.store) == {}
    world.bus.down = False

    await service.receive(body(item()))

    assert await signs.load(world.store) == {Sign.BELIEVED: now()}


class Unwritable(MemoryStore):
    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if collection == signs.SIGNS_COLLECTION:
            raise TemporaryError("Table Storage answered 503", timedelta(seconds=5))
        return await super().commit(collection, partition, writes)


@virtual
async def test_a_sign_that_cannot_be_written_changes_no_answer_and_is_logged() -> None:
    world = World(store=Unwritable())
    service = await receiving(world)

    statuses = [
        await service.receive(body(item())),
        await service.receive(body(item(clientState=None))),
    ]

    assert statuses == [HTTPStatus.ACCEPTED] * 2
    assert len(world.bus.of(DIRECTORY_CHANGES)) == 1
    assert world.results("notification") == ["queued", "not_noted", "not_noted", "refused_ours"]

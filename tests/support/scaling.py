"""Worlds of any size, in which each request to Graph and to the store is counted and takes time."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from hasten.context import Context
from hasten.domain.changes import Action, FoundBy, State
from hasten.limits import MAX_PAGE_SIZE
from hasten.messages import Look, Wake
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_values import Assignments, MemberProfiles, Members
from hasten.ports.store import Document, Write
from hasten.provision.drain import drain
from hasten.records.ledger_keys import LEDGER_COLLECTION
from hasten.targets import Target
from hasten.timers import TIMERS
from hasten.watch.look import look
from hasten.watch.look_messages import LOOK_BUCKET
from tests.fakes.directory import FakeDirectory
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now
from tests.support.world import World, found, user

if TYPE_CHECKING:
    from hasten.ports.directory import Directory

GRAPH_SECONDS, STORE_SECONDS = 0.1, 0.01
LOOKS_AT_ONCE = 64
"""Messages of a queue that one instance handles at a time (host.json)."""

ROWS_PER_REQUEST = 1000
"""Entities in one answer of Azure Tables: a longer scan takes several requests."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """`groups` are divided among the targets; `members` are those of one group; `rows` have
    ended."""

    groups: int = 1
    targets: int = 1
    members: int = 10
    rows: int = 0


@dataclass(frozen=True)
class Cost:
    seconds: float
    graph: int
    store: int


class SlowStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        await self._request()
        return await super().get(collection, partition, key)

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        documents = await super().scan(collection, partition, prefix, limit, after=after)
        await self._request(max(1, math.ceil(len(documents) / ROWS_PER_REQUEST)))
        return documents

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        await self._request()
        return await super().commit(collection, partition, writes)

    async def _request(self, count: int = 1) -> None:
        self.requests += count
        await asyncio.sleep(count * STORE_SECONDS)


@dataclass
class SlowGraph:
    """Passes each method on, as one request, or as one for each page of what it lists."""

    directory: FakeDirectory
    requests: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.directory, name)

        async def request(*args: Any, **named: Any) -> Any:
            await asyncio.sleep(GRAPH_SECONDS)
            answer = await method(*args, **named)
            pages = _pages(answer)
            self.requests[name] += pages
            await asyncio.sleep((pages - 1) * GRAPH_SECONDS)
            return answer

        return request


def _pages(answer: object) -> int:
    match answer:
        case Members(listed=listed) | Assignments(listed=listed) | MemberProfiles(by_user=listed):
            return max(1, math.ceil(len(listed) / MAX_PAGE_SIZE))
    return 1


class Scaled:
    """A world of one size that has been swept and reconciled."""

    def __init__(self, size: Size) -> None:
        self.size, self.store = size, SlowStore()
        self.world = World(store=self.store, directory=FakeDirectory())
        self.graph = SlowGraph(self.world.directory)
        self.targets = tuple(
            Target(name=f"T{number}", display_name=f"T{number}") for number in range(size.targets)
        )
        settings = self.world.context.settings
        context = Context(settings, self.targets, self.world)
        self.context = context.through(cast("Directory", self.graph))

    @classmethod
    async def of(cls, size: Size) -> "Scaled":
        scaled = cls(size)
        scaled._has_tenant()
        await scaled._has_rows()
        for timer in ("sweep", "look"):
            await TIMERS[timer](scaled.context)
        await asyncio.sleep(timedelta(days=2).total_seconds())
        for timer in ("sweep", "look"):
            await TIMERS[timer](scaled.context)
        return scaled

    def _has_tenant(self) -> None:
        directory, long_ago = self.world.directory, now() - timedelta(days=30)
        for number in range(self.size.targets):
            name = f"T{number}"
            directory.principals.append({"id": f"sp-{name}", "displayName": name})
            for index in range(number, self.size.groups, self.size.targets):
                directory.grant(
                    group(index), kind="Group", created=long_ago, service_principal=f"sp-{name}"
                )
        directory.join(group(0), *(user(number) for number in range(self.size.members)))

    async def _has_rows(self) -> None:
        """Records one row that has ended, and copies what the ledger stores of it."""
        if not self.size.rows:
            return
        first = user(1_000_000)
        row = replace(found(group(0), first, Action.ADDED, origin=1), target="T0")
        await self.world.ledger.record([replace(row, state=State.IN_SYNC, finished_at=now())])
        await self.world.outbox.flush("T0")
        [(key, text, _)] = self.store.texts(LEDGER_COLLECTION, "T0")
        for number in range(1_000_001, 1_000_000 + self.size.rows):
            copy = user(number)
            self.store.plant(
                LEDGER_COLLECTION, "T0", key.replace(first, copy), text.replace(first, copy)
            )

    async def timer(self, name: str) -> Cost:
        return await self._cost(lambda: TIMERS[name](self.context))

    async def night(self) -> Cost:
        """The nightly timer, and the looks that it queues."""

        async def work() -> None:
            before = len(self.world.bus.sent)
            await TIMERS["tidy"](self.context)
            slots = asyncio.Semaphore(LOOKS_AT_ONCE)

            async def handled(queued: Look) -> None:
                async with slots:
                    await look(self.context, queued)

            sent = self.world.bus.sent[before:]
            looks = [Look.parse(one.body) for queue, one in sent if queue == DIRECTORY_CHANGES]
            await asyncio.gather(*map(handled, looks))

        return await self._cost(work)

    async def change(self) -> Cost:
        """One joiner, from the look that a notification causes to the outcome."""
        newcomer = user(2_000_000)
        self.world.directory.join(group(0), newcomer)
        notified = Look(
            group=group(0),
            noticed_at=now() - LOOK_BUCKET,
            found_by=FoundBy.NOTIFICATION,
            added=frozenset({newcomer}),
        )

        async def trip() -> None:
            await look(self.context, notified)
            await drain(self.context, Wake(target="T0"))

        cost = await self._cost(trip)
        ended = await self.world.ledger.find("T0", group(0), newcomer)
        assert ended is not None
        assert ended.state is State.SUCCEEDED
        return cost

    async def _cost(self, work: Callable[[], Awaitable[None]]) -> Cost:
        began, graph, store = now(), self.graph.requests.total(), self.store.requests
        await work()
        return Cost(
            seconds=_seconds(began),
            graph=self.graph.requests.total() - graph,
            store=self.store.requests - store,
        )


def _seconds(began: datetime) -> float:
    return (now() - began).total_seconds()


def group(number: int) -> str:
    return f"0000bbbb-0000-4000-8000-{number:012}"

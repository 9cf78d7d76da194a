"""Every way from one host to the world: faults strike here, and it is cut when the host is killed,
so that nothing a dying task still does reaches anyone."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TypeVar

import httpx

from hasten.errors import Conflict, TemporaryError
from hasten.ports.bus import Bus, Message
from hasten.ports.store import Document, Store, Write
from tests.simulation.faults import Faults
from tests.simulation.graph import BY
from tests.simulation.owners import Owner

T = TypeVar("T")

STORE_LATENCY = (0.002, 0.01)
BUS_LATENCY = (0.005, 0.02)
SOON = timedelta(seconds=5)
ROWS_PER_REQUEST = 1000
"""Entities in one answer of Azure Tables: a longer scan takes several requests."""


@dataclass
class CrashPoint:
    """The host dies after `left` more calls whose name has `pattern` in it, each of them done."""

    pattern: re.Pattern[str]
    left: int


class Lifeline:
    """`die` is called when a crash point is reached. Names of calls: "commit ledger",
    "send provisioning", "GET https://graph.microsoft.com/v1.0/groups/delta"."""

    def __init__(
        self,
        random: Random,
        faults: Faults,
        die: Callable[[], None],
        traffic: Counter[str] | None = None,
    ) -> None:
        """`traffic` counts the same calls beyond this life, those over HTTP by their method."""
        self._random = random
        self._traffic = Counter() if traffic is None else traffic
        self.faults = faults
        self._die = die
        self._is_cut = False
        self.crash_points: list[CrashPoint] = []
        self.counts: Counter[str] = Counter()

    def cut(self) -> None:
        self._is_cut = True

    def check(self) -> None:
        if self._is_cut:
            raise asyncio.CancelledError

    def count(self, name: str, times: int = 1) -> None:
        self._traffic[name] += times

    async def carry(
        self, name: str, work: Callable[[], Awaitable[T]], latency: tuple[float, float] = (0, 0)
    ) -> T:
        """Does `work`, unless the host is dead; tells its result, unless the host died by then. The
        wait is either on the way to the work or on the way back."""
        seconds, is_before = 2 * self._random.uniform(*latency), self._random.random() < 1 / 2
        self.check()
        if is_before:
            await asyncio.sleep(seconds)
            self.check()
        result = await work()
        self._reach(name)
        if not is_before:
            await asyncio.sleep(seconds)
            self.check()
        return result

    def _reach(self, name: str) -> None:
        self.counts[name] += 1
        self.count(name.partition(" https://")[0])
        for point in self.crash_points:
            if point.pattern.search(name):
                point.left -= 1
                if point.left == 0:
                    self._die()
        self.check()


class HostStore:
    def __init__(self, store: Store, lifeline: Lifeline) -> None:
        self._store = store
        self._lifeline = lifeline

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        return await self._read(
            f"get {collection}", lambda: self._store.get(collection, partition, key)
        )

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        name = f"scan {collection}"
        documents = await self._read(
            name, lambda: self._store.scan(collection, partition, prefix, limit, after=after)
        )
        self._lifeline.count(name, len(documents) // ROWS_PER_REQUEST)
        return documents

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        faults = self._lifeline.faults
        _fail_if(faults, "store_before", "the store did not answer")
        if faults.strikes("store_conflict"):
            raise Conflict(writes[0].key)
        etags = await self._lifeline.carry(
            f"commit {collection}",
            lambda: self._store.commit(collection, partition, writes),
            STORE_LATENCY,
        )
        _fail_if(faults, "store_after", "the store's answer was lost")
        return etags

    async def close(self) -> None:
        return None

    async def _read(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        _fail_if(self._lifeline.faults, "store_before", "the store did not answer")
        return await self._lifeline.carry(name, work, STORE_LATENCY)


class HostBus:
    def __init__(self, bus: Bus, lifeline: Lifeline) -> None:
        self._bus = bus
        self._lifeline = lifeline

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        faults = self._lifeline.faults
        _fail_if(faults, "bus_before", "Service Bus did not answer")
        if len(messages) > 1 and faults.strikes("bus_partly"):
            await self._send(queue, messages[: len(messages) // 2])
            raise TemporaryError("Service Bus took some of the messages", SOON)
        await self._send(queue, messages)
        _fail_if(faults, "bus_after", "Service Bus's answer was lost")

    async def close(self) -> None:
        return None

    def carried(self) -> Mapping[str, str]:
        return {}

    async def _send(self, queue: str, messages: Sequence[Message]) -> None:
        await self._lifeline.carry(
            f"send {queue}", lambda: self._bus.send(queue, messages), BUS_LATENCY
        )
        self._lifeline.count(f"message {queue}", len(messages))


class HostTransport(httpx.AsyncBaseTransport):
    """To Graph, under the real adapter."""

    def __init__(self, graph: httpx.AsyncBaseTransport, lifeline: Lifeline) -> None:
        self._graph = graph
        self._lifeline = lifeline

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions[BY] = Owner.current()
        return await self._lifeline.carry(
            f"{request.method} {request.url}",
            lambda: self._graph.handle_async_request(request),
        )


def _fail_if(faults: Faults, fault: str, reason: str) -> None:
    if faults.strikes(fault):
        raise TemporaryError(reason, SOON)

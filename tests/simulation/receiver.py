"""Receives from the simulated bus as Hasten's adapter does from Azure's."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from emulator.servicebus.entries import Entry, EntryState, MessageLockLostError
from emulator.servicebus.outlets import Outlet
from hasten.ports.receiver import Handle
from tests.simulation.bus import SimulatedBus, content, epoch
from tests.simulation.lifeline import BUS_LATENCY, Lifeline
from tests.support.delivery import received


class HostReceiver:
    def __init__(self, bus: SimulatedBus, lifeline: Lifeline) -> None:
        self._bus = bus
        self._lifeline = lifeline

    async def waiting_since(self, queue: str) -> datetime | None:
        async def peek() -> datetime | None:
            entries = self._outlet(queue).queue.peek(start=0, limit=100_000, now=epoch())
            due = [entry.enqueued_at for entry in entries if entry.state is EntryState.ACTIVE]
            return datetime.fromtimestamp(min(due), UTC) if due else None

        return await self._lifeline.carry(f"peek {queue}", peek, BUS_LATENCY)

    async def receive(self, queue: str, most: int, handle: Handle) -> int:
        outlet = self._outlet(queue)

        async def take() -> dict[UUID, Entry]:
            taken = (outlet.queue.take(now=epoch()) for _ in range(most))
            return {entry.lock.token: entry for entry in taken if entry and entry.lock}

        entries = await self._lifeline.carry(f"receive {queue}", take, BUS_LATENCY)
        handled = (
            handle(received(queue, content(entry)), datetime.fromtimestamp(entry.enqueued_at, UTC))
            for entry in entries.values()
        )
        ends = await asyncio.gather(*handled, return_exceptions=True)
        self._lifeline.check()
        for token, end in zip(entries, ends, strict=True):
            self._settle(outlet, token, is_done=end is None)
        for end in ends:
            if end is not None:
                raise end
        return len(entries)

    def _settle(self, outlet: Outlet, token: UUID, *, is_done: bool) -> None:
        """A message whose lock ran out meanwhile is delivered again."""
        settle = outlet.queue.complete if is_done else outlet.queue.abandon
        try:
            settle(token, now=epoch())
        except MessageLockLostError:
            return
        outlet.turns.soon()

    def _outlet(self, queue: str) -> Outlet:
        return self._bus.namespace.outlet(queue)

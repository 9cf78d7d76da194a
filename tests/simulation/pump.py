"""Delivers messages to one host with the semantics of the Functions host: locks that are renewed,
completed on success, given back on an exception; one call at a time in a session."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

from emulator.functions.options import HostOptions
from emulator.servicebus.entries import (
    Entry,
    MessageLockLostError,
    SessionLock,
    SessionLockLostError,
)
from emulator.servicebus.outlets import Outlet
from hasten.ports.bus import Message
from tests.simulation.bus import SimulatedBus, content, epoch
from tests.simulation.faults import Faults
from tests.simulation.owners import Owner

Handle = Callable[[str, Message], Awaitable[bool]]
"""Queue and message; whether the function took it."""


class Pump:
    def __init__(
        self,
        bus: SimulatedBus,
        *,
        options: HostOptions,
        host: Owner,
        faults: Faults,
        handle: Handle,
    ) -> None:
        self._bus = bus
        self._options = options
        self._host = host
        self._faults = faults
        self._handle = handle
        self._slots: list[Slots | SessionSlot] = []

    def start(self, queue: str) -> None:
        outlet = self._bus.namespace.outlet(queue)
        if outlet.queue.settings.requires_session:
            for _ in range(self._options.max_sessions):
                slot = SessionSlot(outlet, self, self._options.session_idle)
                self._slots.append(slot)
                self._host.spawn(slot.run())
        else:
            slots = Slots(outlet, self, self._options.max_calls)
            self._slots.append(slots)
            outlet.join(slots)
            outlet.turns.soon()

    def cut(self) -> None:
        """The connections are gone; locks stay until they run out."""
        for slots in self._slots:
            slots.cut()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._host.spawn(work)

    async def call(self, outlet: Outlet, entry: Entry, renewing: Callable[[], object]) -> None:
        """Runs the function for one message and settles it."""
        assert entry.lock is not None
        token, queue = entry.lock.token, outlet.queue
        keeping = self._host.spawn(self._keep(outlet, renewing))
        taken = await self._handle(queue.settings.name, content(entry))
        keeping.cancel()
        if self._faults.strikes("not_settled"):
            return
        try:
            (queue.complete if taken else queue.abandon)(token, now=epoch())
        except MessageLockLostError:
            return  # Service Bus has it back already
        finally:
            outlet.turns.soon()

    async def _keep(self, outlet: Outlet, renew: Callable[[], object]) -> None:
        """As Azure's extension: for a while, each time half of the lock has passed."""
        pause = outlet.queue.settings.lock_duration / 2
        until = epoch() + self._options.max_lock_renewal.total_seconds()
        while epoch() + pause < until:
            await asyncio.sleep(pause)
            if self._faults.strikes("lock_lost"):
                return
            try:
                renew()
            except (MessageLockLostError, SessionLockLostError):
                return


class Slots:
    """A queue without sessions: so many messages at a time. A Consumer of its outlet."""

    deletes = False

    def __init__(self, outlet: Outlet, pump: Pump, limit: int) -> None:
        self.session: SessionLock | None = None
        self._outlet = outlet
        self._pump = pump
        self._free = limit

    @property
    def ready(self) -> bool:
        return self._free > 0

    def deliver(self, entry: Entry) -> None:
        self._free -= 1
        self._pump.spawn(self._call(entry))

    def session_lost(self) -> None:
        raise AssertionError("this queue has no sessions")

    def cut(self) -> None:
        self._outlet.leave(self)

    async def _call(self, entry: Entry) -> None:
        assert entry.lock is not None
        token, queue = entry.lock.token, self._outlet.queue
        await self._pump.call(self._outlet, entry, lambda: queue.renew(token, now=epoch()))
        self._free += 1
        self._outlet.turns.soon()


class SessionSlot:
    """Takes the next free session, its messages one by one, until it is idle. A Consumer and a
    SessionWaiter of its outlet."""

    deletes = False

    def __init__(self, outlet: Outlet, pump: Pump, idle: timedelta) -> None:
        self.session: SessionLock | None = None
        self.ready = False
        self.holder: object = self
        self._outlet = outlet
        self._pump = pump
        self._idle = idle.total_seconds()
        self._accepted: asyncio.Queue[SessionLock] = asyncio.Queue()
        self._inbox: asyncio.Queue[Entry | None] = asyncio.Queue()

    def accepted(self, lock: SessionLock) -> None:
        self._accepted.put_nowait(lock)

    def deliver(self, entry: Entry) -> None:
        self.ready = False
        self._inbox.put_nowait(entry)

    def session_lost(self) -> None:
        self._inbox.put_nowait(None)

    def cut(self) -> None:
        self._outlet.give_up(self)
        self._outlet.leave(self)

    async def run(self) -> None:
        while True:
            self._outlet.wait(self)
            await self._serve(await self._accepted.get())

    async def _serve(self, lock: SessionLock) -> None:
        queue = self._outlet.queue
        self.session, self.ready, self._inbox = lock, True, asyncio.Queue()
        self._outlet.join(self)
        self._outlet.turns.soon()
        while (entry := await self._next()) is not None:
            await self._pump.call(
                self._outlet, entry, lambda: queue.renew_session(lock, now=epoch())
            )
            self.ready = True
            self._outlet.turns.soon()
        self.ready = False
        self._outlet.leave(self)
        queue.release_session(lock, now=epoch())
        self._outlet.turns.soon()

    async def _next(self) -> Entry | None:
        """None when the session was idle for too long or is lost."""
        try:
            async with asyncio.timeout(self._idle):
                return await self._inbox.get()
        except TimeoutError:
            return None

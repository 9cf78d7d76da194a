"""Delivers messages to one host with the semantics of the Functions host: locks that are renewed,
completed on success, given back on an exception; one call at a time in a session."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from itertools import chain
from random import Random
from typing import Any, Protocol

from emulator.functions.behaviours import HostBehaviours
from emulator.functions.conditions import Conditions
from emulator.functions.options import HostOptions
from emulator.servicebus.entries import Entry, Lock, MessageLockLostError, SessionLockLostError
from emulator.servicebus.outlets import Outlet
from hasten.ports.bus import Message
from tests.simulation.bus import SimulatedBus, content, epoch
from tests.simulation.faults import Faults
from tests.simulation.owners import Owner
from tests.simulation.slots import SessionSlot, Slots

Handle = Callable[[str, Message], Awaitable[bool]]
"""Queue and message; whether the function took it."""


class Link(Protocol):
    """On which a message came."""

    @property
    def renewed_until(self) -> float: ...

    @property
    def is_lost(self) -> bool:
        """Then the message cannot be settled."""
        ...

    def renew(self, lock: Lock) -> None:
        """Raises QueueError."""

    def break_off(self) -> None:
        """The connection breaks when a message is to be settled."""


class Pump:
    def __init__(
        self,
        bus: SimulatedBus,
        *,
        options: HostOptions,
        host: Owner,
        faults: Faults,
        behaviours: HostBehaviours,
        luck: Random,
        handle: Handle,
    ) -> None:
        self.options = options
        self.conditions = Conditions(behaviours, luck, lambda: self._is_stopping)
        self._bus = bus
        self._host = host
        self._faults = faults
        self._handle = handle
        self._slots: dict[str, list[Slots | SessionSlot]] = {}
        self._is_stopping = False
        self._calls: set[asyncio.Future[None]] = set()

    def start(self, queue: str) -> None:
        outlet, kept = self._bus.namespace.outlet(queue), self._slots.setdefault(queue, [])
        if outlet.queue.settings.requires_session:
            for _ in range(self.options.max_sessions):
                slot = SessionSlot(outlet, self)
                kept.append(slot)
                self._host.spawn(slot.run())
        else:
            slots = Slots(outlet, self, self.options.max_calls)
            kept.append(slots)
            outlet.join(slots)
            outlet.turns.soon()

    def cut(self, *queues: str) -> None:
        """The connections are gone, those of `queues` or all; locks stay until they run out."""
        for slots in self._all(queues):
            slots.cut()

    def cut_links(self) -> None:
        """The connections are gone, and the SDK makes new ones."""
        for slots in self._all():
            slots.cut_link()

    async def stop(self, *, within: float, beside: Collection[asyncio.Future[Any]] = ()) -> bool:
        """Takes no more messages. Whether all calls, and what runs `beside`, ended in time."""
        self._is_stopping = True
        self.cut()
        running = {*self._calls, *beside}
        if not running:
            return True
        _, late = await asyncio.wait(running, timeout=within)
        return not late

    def release(self) -> None:
        """Links are closed in order: sessions are free at once."""
        for slots in self._all():
            slots.release()

    def _all(self, queues: Collection[str] = ()) -> Iterator[Slots | SessionSlot]:
        return chain.from_iterable(s for q, s in self._slots.items() if not queues or q in queues)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._host.spawn(work)

    async def call(self, outlet: Outlet, entry: Entry, link: Link) -> None:
        """Runs the function for one message and settles it by the lock with which it came. When
        that runs out, the message has no lock, or another one for another call."""
        lock = entry.lock
        if lock is None:
            return  # it ran out before the slot was free
        ended = asyncio.get_running_loop().create_future()
        self._calls.add(ended)
        keeping = self._host.spawn(self._keep(outlet, lock, link))
        try:
            taken = await self._handle(outlet.queue.settings.name, content(entry))
            self._settle(outlet, lock, link, taken=taken)
        finally:
            keeping.cancel()
            self._calls.discard(ended)
            ended.set_result(None)

    def _settle(self, outlet: Outlet, lock: Lock, link: Link, *, taken: bool) -> None:
        queue = outlet.queue
        if self._faults.strikes("not_settled"):
            link.break_off()
            return
        if link.is_lost:
            return
        completed = self.conditions.settles_as_success(succeeded=taken)
        try:
            (queue.complete if completed else queue.abandon)(lock.token, now=epoch())
        except MessageLockLostError:
            return  # Service Bus has it back already
        finally:
            outlet.turns.soon()

    async def _keep(self, outlet: Outlet, lock: Lock, link: Link) -> None:
        """As Azure's extension: for a while, each time half of the lock has passed."""
        pause = outlet.queue.settings.lock_duration / 2
        until = link.renewed_until
        while epoch() + pause < until:
            await asyncio.sleep(pause)
            if self._faults.strikes("lock_lost"):
                return
            try:
                link.renew(lock)
            except (MessageLockLostError, SessionLockLostError):
                return

"""The slots of a simulated host, in which its functions run."""

import asyncio
from typing import TYPE_CHECKING

from emulator.servicebus.entries import Entry, Lock, SessionLock
from emulator.servicebus.outlets import Outlet
from tests.simulation.bus import epoch

if TYPE_CHECKING:
    from tests.simulation.pump import Pump


class Slots:
    """A queue without sessions: so many messages at a time. A Consumer of its outlet."""

    deletes = False

    def __init__(self, outlet: Outlet, pump: "Pump", limit: int) -> None:
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

    def cut_link(self) -> None:
        """The SDK receives and settles on a new one."""

    def release(self) -> None:
        """Nothing is held but the messages that are under way."""

    async def _call(self, entry: Entry) -> None:
        await self._pump.call(self._outlet, entry, _MessageLink(self._outlet, self._pump))
        self._free += 1
        self._outlet.turns.soon()


class _MessageLink:
    """Of one message: any later link can settle it."""

    is_lost = False

    def __init__(self, outlet: Outlet, pump: "Pump") -> None:
        self._outlet = outlet
        self.renewed_until = epoch() + pump.options.max_lock_renewal.total_seconds()

    def renew(self, lock: Lock) -> None:
        self._outlet.queue.renew(lock.token, now=epoch())

    def break_off(self) -> None:
        """The next message comes on a new link."""


class SessionSlot:
    """Takes the next free session, its messages one by one, until it is idle. A Consumer and a
    SessionWaiter of its outlet."""

    deletes = False

    def __init__(self, outlet: Outlet, pump: "Pump") -> None:
        self.session: SessionLock | None = None
        self.ready = False
        self.holder: object = self
        self._outlet = outlet
        self._pump = pump
        self._accepted: asyncio.Queue[SessionLock] = asyncio.Queue()
        self._inbox: asyncio.Queue[Entry | None] = asyncio.Queue()
        self._link: _SessionLink | None = None

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

    def cut_link(self) -> None:
        """The session stays locked until its lock runs out."""
        if self._link is not None:
            self._link.is_cut = True
            self.ready = False
            self._outlet.leave(self)
            self.session_lost()

    def release(self) -> None:
        if self.session is not None:
            self._outlet.queue.release_session(self.session, now=epoch())
            self._outlet.turns.soon()

    async def run(self) -> None:
        """Until the host ends or the slot stalls."""
        stalled = False
        while not stalled:
            self._outlet.wait(self)
            stalled = await self._serve(await self._accepted.get())

    async def _serve(self, lock: SessionLock) -> bool:
        """Whether the slot stalled."""
        self.session, self.ready, self._inbox = lock, True, asyncio.Queue()
        link = self._link = _SessionLink(self._outlet, self._pump, lock)
        self._outlet.join(self)
        self._outlet.turns.soon()
        stalled = False
        while not stalled and (entry := await self._next()) is not None:
            await self._pump.call(self._outlet, entry, link)
            stalled = link.was_lost() and self._pump.conditions.stalls()
            self.ready = not link.is_lost
            self._outlet.turns.soon()
        self.ready, self.session, self._link = False, None, None
        self._outlet.leave(self)
        if not stalled and not link.is_cut:
            self._outlet.queue.release_session(lock, now=epoch())
        self._outlet.turns.soon()
        return stalled

    async def _next(self) -> Entry | None:
        """None when the session was idle for too long or is lost."""
        try:
            async with asyncio.timeout(self._pump.options.session_idle.total_seconds()):
                return await self._inbox.get()
        except TimeoutError:
            return None


class _SessionLink:
    """To one session. With the link or the session's lock, every message of it is lost."""

    def __init__(self, outlet: Outlet, pump: "Pump", lock: SessionLock) -> None:
        self.is_cut = False
        self._outlet = outlet
        self._conditions = pump.conditions
        self._longest = pump.options.max_lock_renewal.total_seconds()
        self._accepted_at = epoch()
        self._lock = lock
        self._broke = False

    @property
    def renewed_until(self) -> float:
        """For a message that begins now."""
        from_acceptance = self._conditions.behaviours.renew_from_acceptance
        return (self._accepted_at if from_acceptance else epoch()) + self._longest

    @property
    def is_lost(self) -> bool:
        return self.is_cut or not self._outlet.queue.is_held(self._lock, now=epoch())

    def renew(self, _lock: Lock) -> None:
        self._outlet.queue.renew_session(self._lock, now=epoch())

    def break_off(self) -> None:
        self._broke = True

    def was_lost(self) -> bool:
        """Whether it was, since the last call."""
        broke, self._broke = self._broke, False
        return broke or self.is_lost

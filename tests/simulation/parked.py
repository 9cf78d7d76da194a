"""Parked events of the simulated bus, as Hasten's adapter reads and drains those of Azure."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress

from emulator.servicebus.entries import Entry, MessageLockLostError
from emulator.servicebus.outlets import Outlet
from hasten.ports.dead_letters import Parked
from tests.simulation.bus import SimulatedBus, content, epoch
from tests.simulation.lifeline import BUS_LATENCY, Lifeline


class SimulatedParked:
    def __init__(self, bus: SimulatedBus, lifeline: Lifeline) -> None:
        self._bus = bus
        self._lifeline = lifeline

    async def parked(self, queue: str, *, dead_letters: bool) -> Sequence[Parked]:
        outlet = self._outlet(queue, dead_letters=dead_letters)

        async def peek() -> Sequence[Parked]:
            return [_parked(one) for one in outlet.queue.peek(start=0, limit=100_000, now=epoch())]

        return await self._lifeline.carry(f"peek {queue}", peek, BUS_LATENCY)

    async def drain(
        self,
        queue: str,
        numbers: Collection[int],
        to: Callable[[Parked], Awaitable[None]],
        *,
        dead_letters: bool,
    ) -> int:
        outlet, wanted = self._outlet(queue, dead_letters=dead_letters), set(numbers)
        passed: list[Entry] = []

        async def take() -> Entry | None:
            return outlet.queue.take(now=epoch())

        while wanted:
            entry = await self._lifeline.carry(f"receive {queue}", take, BUS_LATENCY)
            if entry is None:
                break
            if entry.sequence_number not in wanted:
                passed.append(entry)
                continue
            await to(_parked(entry))
            self._lifeline.check()
            _settle(outlet.queue.complete, entry)
            wanted.remove(entry.sequence_number)
        for entry in passed:
            with suppress(MessageLockLostError):
                _settle(outlet.queue.abandon, entry)
        return len(numbers) - len(wanted)

    def _outlet(self, queue: str, *, dead_letters: bool) -> Outlet:
        outlet = self._bus.namespace.outlet(queue)
        if not dead_letters:
            return outlet
        assert outlet.dead_letters is not None
        return outlet.dead_letters


def _settle(how: Callable[..., None], entry: Entry) -> None:
    assert entry.lock is not None
    how(entry.lock.token, now=epoch())


def _parked(entry: Entry) -> Parked:
    message = content(entry)
    return Parked(
        number=entry.sequence_number,
        message_id=message.message_id,
        body=message.raw or b"",
        content_type=message.content_type,
        subject=message.subject,
        properties=message.properties,
    )

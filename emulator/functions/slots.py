"""Implements a slot of a Service Bus trigger: a link on which it receives, runs and settles one
message at a time. The SDK is fast and reliable only if nothing else waits on the same link."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from emulator.functions.app import Function
from emulator.functions.cancelling import cancellable
from emulator.functions.conditions import Conditions
from emulator.functions.invocations import Invocations
from emulator.functions.locks import kept
from emulator.functions.messages import Entity, attempt, settle
from emulator.functions.options import HostOptions
from emulator.functions.spare_slots import SpareSlots


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Shared by all slots of one trigger. `closings` are links that are being closed; `invocations`
    creates the counter of one slot's running functions."""

    function: Function
    entity: Entity
    options: HostOptions
    conditions: Conditions
    client: ServiceBusClient
    closings: Invocations
    invocations: Callable[[], Invocations]

    @asynccontextmanager
    async def opened(self, **options: Any) -> AsyncIterator[ServiceBusReceiver]:
        """Opens a receiver. The SDK takes half a second to close a link, and the slot need not wait
        for it."""
        receiver = self.entity.receiver(self.client, **options)
        async with AsyncExitStack() as stack:
            await cancellable(stack.enter_async_context(receiver))
            try:
                yield receiver
            finally:
                self.closings.start(stack.pop_all().aclose())


class Slot(ABC):
    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    @abstractmethod
    async def serve(self, wait: float) -> None:
        """Runs messages until the link is idle for `wait` seconds or breaks. Raises BROKEN."""

    async def settle(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage, *, succeeded: bool
    ) -> None:
        listener = self.listener
        completed = listener.conditions.settles_as_success(succeeded=succeeded)
        await settle(listener.function, receiver, message, succeeded=completed)


class QueueSlot(Slot):
    def __init__(self, listener: Listener, slots: SpareSlots) -> None:
        super().__init__(listener)
        self._slots = slots

    async def serve(self, wait: float) -> None:
        listener = self.listener
        async with listener.opened() as receiver, listener.invocations() as invocations:
            while True:
                receiving = receiver.receive_messages(1, max_wait_time=wait)
                for message in await cancellable(receiving):
                    running = invocations.start(self._handle(receiver, message))
                    await asyncio.shield(running)

    async def _handle(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage
    ) -> None:
        with self._slots.busy():
            async with self._kept(receiver, message):
                succeeded = await attempt(self.listener.function, message)
            await self.settle(receiver, message, succeeded=succeeded)

    def _kept(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage
    ) -> AbstractAsyncContextManager[None]:
        return kept(
            partial(receiver.renew_message_lock, message),
            message.locked_until_utc,
            give_up_at=datetime.now(UTC) + self.listener.options.max_lock_renewal,
        )

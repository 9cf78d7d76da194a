"""Implements a slot that serves one session after another."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver
from azure.servicebus.exceptions import OperationTimeoutError

from emulator.functions.cancelling import cancellable
from emulator.functions.locks import kept
from emulator.functions.messages import attempt
from emulator.functions.persistence import BROKEN
from emulator.functions.slots import Slot


class StalledError(Exception):
    """The slot accepts no more sessions."""


class SessionSlot(Slot):
    async def serve(self, wait: float) -> None:
        """Serves the next session that has messages, until it has been idle for a while. Raises
        StalledError."""
        listener = self.listener
        try:
            async with (
                listener.opened(session_id=NEXT_AVAILABLE_SESSION, max_wait_time=wait) as receiver,
                listener.invocations() as invocations,
            ):
                accepted_at = datetime.now(UTC)
                while message := await self._next(receiver, accepted_at):
                    running = invocations.start(self._handle(receiver, message, accepted_at))
                    await asyncio.shield(running)
        except OperationTimeoutError:
            return  # no session had a message

    async def _next(
        self, receiver: ServiceBusReceiver, accepted_at: datetime
    ) -> ServiceBusReceivedMessage | None:
        idle = self.listener.options.session_idle.total_seconds()
        async with self._kept(receiver, accepted_at):
            messages = await cancellable(receiver.receive_messages(1, max_wait_time=idle))
        return messages[0] if messages else None

    async def _handle(
        self,
        receiver: ServiceBusReceiver,
        message: ServiceBusReceivedMessage,
        accepted_at: datetime,
    ) -> None:
        async with self._kept(receiver, accepted_at):
            succeeded = await attempt(self.listener.function, message)
        if self.listener.conditions.behaviours.stall_lost_slots:
            await self._check_link(receiver)
        await self.settle(receiver, message, succeeded=succeeded)

    async def _check_link(self, receiver: ServiceBusReceiver) -> None:
        """Checks the link. A session belongs to the connection that accepted it, and a link ends
        with its session's lock. If the state cannot be read, the link was lost while the function
        ran, and the message stays unsettled."""
        try:
            await receiver.session.get_state()
        except BROKEN as error:
            if self.listener.conditions.stalls():
                raise StalledError from error
            raise

    def _kept(
        self, receiver: ServiceBusReceiver, accepted_at: datetime
    ) -> AbstractAsyncContextManager[None]:
        from_acceptance = self.listener.conditions.behaviours.renew_from_acceptance
        began = accepted_at if from_acceptance else datetime.now(UTC)
        return kept(
            receiver.session.renew_lock,
            receiver.session.locked_until_utc,
            give_up_at=began + self.listener.options.max_lock_renewal,
        )

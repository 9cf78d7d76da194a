"""Service Bus triggers with the semantics of Azure's extension: peek-lock, completed on success,
abandoned on an exception, locks renewed while the function runs."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusReceivedMessage,
    ServiceBusSessionFilter,
)
from azure.servicebus.aio import AutoLockRenewer, ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import OperationTimeoutError, ServiceBusError

from emulator.functions import decoding
from emulator.functions.app import Function, expanded
from emulator.functions.options import HostOptions

logger = logging.getLogger("functions.service_bus")

RECONNECT_AFTER = 0.5
"""Seconds between two attempts to connect."""

PATIENCE = 10.0
"""Seconds for the functions under way when the host stops."""

WAIT = 30.0
"""Seconds that one receive waits for a message; then the next begins."""

BROKEN = (ServiceBusError, OSError)


class Listener:
    """One Service Bus trigger. `ready` is set once it can get messages."""

    def __init__(self, function: Function, options: HostOptions) -> None:
        self._function = function
        self._options = options
        self._sessions = bool(function.trigger.get("isSessionsEnabled"))
        self._connection = os.environ[str(function.trigger["connection"])]
        self._running: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()

    def start(self, tasks: asyncio.TaskGroup) -> None:
        if not self._sessions:
            tasks.create_task(self._for_ever(self._drain_queue))
            return
        self.ready.set()  # an accept that waits for a session cannot be told from one that opens
        for _ in range(self._options.max_sessions):
            tasks.create_task(self._for_ever(self._drain_next_session))

    async def _for_ever(self, work: Callable[[ServiceBusClient], Awaitable[None]]) -> None:
        while True:
            try:
                async with ServiceBusClient.from_connection_string(self._connection) as client:
                    while True:
                        await work(client)
            except BROKEN as error:
                logger.warning("%s: %s; connecting again", self._function.name, _brief(error))
                await asyncio.sleep(RECONNECT_AFTER)

    async def _drain_queue(self, client: ServiceBusClient) -> None:
        async with self._receiver(client) as receiver, self._lock_renewer() as renewer:
            self.ready.set()
            while True:
                if len(self._running) >= self._options.max_calls:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                # One at a time: asked for more, the SDK waits 0.2 s for others to come.
                for message in await receiver.receive_messages(1, max_wait_time=WAIT):
                    renewer.register(receiver, message)
                    self._spawn(receiver, message)

    async def _drain_next_session(self, client: ServiceBusClient) -> None:
        """One session, one message at a time, until it has been idle for a while."""
        idle = self._options.session_idle.total_seconds()
        try:
            async with (
                self._receiver(client, session=NEXT_AVAILABLE_SESSION) as receiver,
                self._lock_renewer() as renewer,
            ):
                renewer.register(receiver, receiver.session)
                while messages := await receiver.receive_messages(1, max_wait_time=idle):
                    await asyncio.shield(self._spawn(receiver, messages[0]))
        except OperationTimeoutError:
            return  # no session had a message for a minute

    def _spawn(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(self._handle(receiver, message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _handle(
        self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage
    ) -> None:
        try:
            await self._function.run(decoding.service_bus(message))
            settle = receiver.complete_message
        except Exception:
            logger.exception("%s failed", self._function.name)
            settle = receiver.abandon_message
        try:
            await settle(message)
        except (*BROKEN, ValueError) as error:
            # Its lock is lost or its link is gone: Service Bus delivers the message again.
            logger.warning("%s: not settled: %s", self._function.name, _brief(error))

    def _lock_renewer(self) -> AutoLockRenewer:
        """To be closed before its receiver, which it asks for the renewals."""
        longest = self._options.max_lock_renewal.total_seconds()
        return AutoLockRenewer(max_lock_renewal_duration=longest)

    @asynccontextmanager
    async def _receiver(
        self, client: ServiceBusClient, session: ServiceBusSessionFilter | None = None
    ) -> AsyncIterator[ServiceBusReceiver]:
        trigger = self._function.trigger
        if "topicName" in trigger:
            receiver = client.get_subscription_receiver(
                expanded(str(trigger["topicName"])),
                expanded(str(trigger["subscriptionName"])),
                session_id=session,
            )
        else:
            receiver = client.get_queue_receiver(
                expanded(str(trigger["queueName"])), session_id=session
            )
        async with receiver:
            try:
                yield receiver
            except asyncio.CancelledError:
                if self._running:  # the host stops: what is under way ends and is settled
                    await asyncio.wait(self._running, timeout=PATIENCE)
                raise


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

"""Service Bus triggers with the semantics of Azure's extension.

Each slot has a link of its own, on which it receives, runs and settles one message at a time: the
SDK is quick and sound only where nothing else waits on the same link.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import OperationTimeoutError

from emulator.functions.app import Function
from emulator.functions.invocations import Invocations
from emulator.functions.locks import kept
from emulator.functions.messages import Entity, attempt, settle
from emulator.functions.options import HostOptions
from emulator.functions.persistence import persistently

WAIT = 60.0
"""Seconds that an idle slot waits for a message or a session before it asks again."""


class ServiceBusTrigger:
    """`ready` is set once messages can arrive. Raises LoadError when a setting is missing."""

    def __init__(self, function: Function, options: HostOptions) -> None:
        self._function = function
        self._options = options
        self._entity = Entity.of(function.trigger)
        self._closings = Invocations()
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; then what is under way ends and is settled."""
        if self._function.trigger.get("isSessionsEnabled"):
            slots, serve = self._options.max_sessions, self._serve_session
        else:
            slots, serve = self._options.max_calls, self._serve_queue
        async with self._entity.client() as client, self._closings, asyncio.TaskGroup() as tasks:
            for slot in range(1, slots + 1):
                # To ask again takes the SDK half a second: the slots never do so all at once.
                tasks.create_task(
                    self._keep(partial(serve, client), first_wait=WAIT * slot / slots)
                )
            await persistently(self._function.name, partial(self._reach, client))
            self.ready.set()

    async def _reach(self, client: ServiceBusClient) -> None:
        """A slot that waits for a session cannot be told from one that cannot connect; that the
        dead-letter queue opens shows that the entity is there."""
        receiver = self._entity.receiver(client, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
        async with self._closed_later(receiver):
            return

    async def _keep(self, serve: Callable[[float], Awaitable[None]], *, first_wait: float) -> None:
        wait = first_wait
        while True:
            await persistently(self._function.name, partial(serve, wait))
            wait = WAIT

    async def _serve_queue(self, client: ServiceBusClient, wait: float) -> None:
        receiver = self._entity.receiver(client)
        async with self._closed_later(receiver), Invocations() as invocations:
            while True:
                for message in await receiver.receive_messages(1, max_wait_time=wait):
                    lock = kept(
                        partial(receiver.renew_message_lock, message),
                        message.locked_until_utc,
                        at_most=self._options.max_lock_renewal,
                    )
                    running = invocations.start(self._handle(receiver, message, lock))
                    await asyncio.shield(running)

    async def _serve_session(self, client: ServiceBusClient, wait: float) -> None:
        """The next session that has messages, until it has been idle for a while."""
        idle = self._options.session_idle.total_seconds()
        receiver = self._entity.receiver(
            client, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=wait
        )

        def lock() -> AbstractAsyncContextManager[None]:
            session, at_most = receiver.session, self._options.max_lock_renewal
            return kept(session.renew_lock, session.locked_until_utc, at_most=at_most)

        try:
            async with self._closed_later(receiver), Invocations() as invocations:
                while True:
                    async with lock():
                        messages = await receiver.receive_messages(1, max_wait_time=idle)
                    if not messages:
                        return
                    running = invocations.start(self._handle(receiver, messages[0], lock()))
                    await asyncio.shield(running)
        except OperationTimeoutError:
            return  # no session had a message

    @asynccontextmanager
    async def _closed_later(self, receiver: ServiceBusReceiver) -> AsyncIterator[None]:
        """The SDK takes half a second to close a link: the slot need not wait for it."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(receiver)
            try:
                yield
            finally:
                self._closings.start(stack.pop_all().aclose())

    async def _handle(
        self,
        receiver: ServiceBusReceiver,
        message: ServiceBusReceivedMessage,
        lock: AbstractAsyncContextManager[None],
    ) -> None:
        async with lock:
            succeeded = await attempt(self._function, message)
        await settle(self._function, receiver, message, succeeded=succeeded)

"""Runs Service Bus triggers with the semantics of Azure's extension."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from azure.servicebus import ServiceBusSubQueue

from emulator.functions.app import Function
from emulator.functions.conditions import Conditions
from emulator.functions.invocations import Invocations
from emulator.functions.messages import Entity
from emulator.functions.options import HostOptions
from emulator.functions.persistence import persistently
from emulator.functions.session_slots import SessionSlot, StalledError
from emulator.functions.slots import Listener, QueueSlot, Slot
from emulator.functions.spare_slots import SpareSlots

logger = logging.getLogger("functions.service_bus")

WAIT = 60.0
"""Seconds that an idle slot waits for a message or a session before it asks again."""


class ServiceBusTrigger:
    """The trigger. `ready` is set once messages can arrive. Raises LoadError if a setting is
    missing."""

    def __init__(
        self,
        function: Function,
        options: HostOptions,
        *,
        conditions: Conditions,
        invocations: Callable[[], Invocations],
    ) -> None:
        self._function = function
        self._options = options
        self._conditions = conditions
        self._invocations = invocations
        self._entity = Entity.of(function.trigger)
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Runs until cancelled; then running functions end and their messages are settled."""
        async with (
            self._entity.client() as client,
            Invocations() as closings,
            asyncio.TaskGroup() as tasks,
        ):
            listener = Listener(
                function=self._function,
                entity=self._entity,
                options=self._options,
                conditions=self._conditions,
                client=client,
                closings=closings,
                invocations=self._invocations,
            )
            self._start_slots(listener, tasks)
            await persistently(self._function.name, partial(_reach, listener))
            self.ready.set()

    def _start_slots(self, listener: Listener, tasks: asyncio.TaskGroup) -> None:
        def start(slot: Slot, *, number: int, most: int) -> None:
            if self._conditions.is_stopping():
                return  # the group takes no more tasks
            # Asking again takes the SDK half a second, so the slots never do it all at once.
            first_wait = WAIT * (most + 1 - number) / most
            tasks.create_task(self._keep(slot, first_wait=first_wait))

        if self._function.trigger.get("isSessionsEnabled"):
            most = self._options.max_sessions
            for number in range(1, most + 1):
                start(SessionSlot(listener), number=number, most=most)
        else:
            most = self._options.max_calls
            slots = SpareSlots(
                most, lambda number: start(QueueSlot(listener, slots), number=number, most=most)
            )
            slots.keep()

    async def _keep(self, slot: Slot, *, first_wait: float) -> None:
        wait = first_wait
        while True:
            try:
                await persistently(self._function.name, partial(slot.serve, wait))
            except StalledError as stalled:
                logger.warning(
                    "%s: a slot stands still: %s", self._function.name, stalled.__cause__
                )
                return
            wait = WAIT


async def _reach(listener: Listener) -> None:
    """Checks that the entity exists by opening its dead-letter queue: a slot that waits for a
    session looks the same as one that cannot connect."""
    async with listener.opened(sub_queue=ServiceBusSubQueue.DEAD_LETTER):
        return

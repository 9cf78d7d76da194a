"""Sends to the functions of apps/bus and reads what they wrote down."""

import json
import time
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

from emulator.servicebus import ServiceBusServer
from tests.integration.functions.hosting import eventually
from tests.support.lines import whole_lines

Note = dict[str, Any]


class Bus:
    def __init__(self, server: ServiceBusServer, client: ServiceBusClient, folder: Path) -> None:
        self.server = server
        self._client = client
        self._notes = folder / "notes"
        self._notes.touch()
        self._senders: dict[str, ServiceBusSender] = {}

    @property
    def settings(self) -> dict[str, str]:
        return {
            "ServiceBusConnection": self.server.connection_string,
            "QUEUE": "plain",
            "NOTES": str(self._notes),
        }

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._stack.aclose()

    async def send(
        self, entity: str, *, session: str | None = None, count: int = 1, **orders: object
    ) -> list[str]:
        """The ids of `count` messages, whose body holds the orders."""
        ids = [uuid.uuid4().hex for _ in range(count)]
        messages = [
            ServiceBusMessage(
                json.dumps(orders),
                message_id=name,
                session_id=session,
                application_properties={"sent": time.time(), "by": "a test"},
            )
            for name in ids
        ]
        await (await self._sender(entity)).send_messages(messages)
        return ids

    async def _sender(self, entity: str) -> ServiceBusSender:
        """Opened once: that takes the SDK half a second."""
        if entity not in self._senders:
            is_topic = entity == "news"
            of = self._client.get_topic_sender if is_topic else self._client.get_queue_sender
            sender = of(entity)
            self._senders[entity] = await self._stack.enter_async_context(sender)
        return self._senders[entity]

    def notes(self, ids: list[str], what: str) -> list[Note]:
        """In the order in which they were written, without a line that is being written."""
        lines = map(json.loads, whole_lines(self._notes))
        return [note for note in lines if note["id"] in ids and note["what"] == what]

    async def noted(self, ids: list[str], what: str = "ends", times: int = 0) -> list[Note]:
        """The notes once there are `times` of them, else as many as messages."""
        await eventually(lambda: len(self.notes(ids, what)) >= (times or len(ids)))
        return self.notes(ids, what)

    async def is_empty(self, entity: str) -> None:
        def empty() -> bool:
            stats = self.server.stats()[entity]
            return not stats["active"] + stats["locked"]

        await eventually(empty)

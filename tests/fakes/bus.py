"""A bus that keeps the messages that it gets."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hasten.errors import TemporaryError
from hasten.ports.bus import Message


class FakeBus:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.down = False

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        if self.down:
            raise TemporaryError("Service Bus is down", timedelta(seconds=5))
        self.sent += [(queue, message) for message in messages]

    def of(self, queue: str) -> list[Message]:
        return [message for name, message in self.sent if name == queue]

    async def close(self) -> None:
        return None

    def carried(self) -> Mapping[str, str]:
        return {}

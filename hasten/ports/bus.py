"""Durable queues: every message says where to look, never what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hasten.ports.store import Json

DIRECTORY_CHANGES = "directory-changes"
PROVISIONING = "provisioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`message_id` drives duplicate detection; `at` delays the message; `session` serialises."""

    body: Json
    message_id: str
    session: str | None = None
    at: datetime | None = None


class Bus(Protocol):
    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        """Returns once Service Bus has taken them all. Raises TemporaryError when it has not;
        some may then have been taken: sending them again must be harmless."""
        ...

    async def close(self) -> None: ...

"""Durable queues: every message says where to look, never what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hasten.json import Json

DIRECTORY_CHANGES = "directory-changes"
PROVISIONING = "provisioning"
ONBOARDING_EVENTS = "onboarding-events"
"""CloudEvents of upstream systems. No sessions: whoever posts knows nothing of us."""

ONBOARDING_REJECTED = "onboarding-rejected"
"""Events that cannot be obeyed, with the reasons, until someone replays them."""

ENSURE = "ensure"
"""Which target has wanted memberships to bring about; its session serialises them."""

PROVISIONING_OUTCOMES = "provisioning-outcomes"
"""The topic: a CloudEvent for each change that ended."""

TOPICS = frozenset({PROVISIONING_OUTCOMES})
"""All other names are queues."""

DROPS_DUPLICATES = frozenset({DIRECTORY_CHANGES, ENSURE})
"""Queues that drop a message whose id they have seen a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`message_id` drives duplicate detection; `at` delays the message; `session` serialises.

    `body` is JSON; `raw` instead of it is sent as it is (an event that could not be read).
    """

    body: Json = field(default_factory=dict)
    message_id: str
    session: str | None = None
    at: datetime | None = None
    raw: bytes | None = None
    content_type: str = "application/json"
    subject: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    """Application properties."""


class Bus(Protocol):
    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        """To a queue or topic. Returns once Service Bus has taken them all. Raises TemporaryError
        when it has not; some may then have been taken: sending them again must be harmless."""
        ...

    async def close(self) -> None: ...

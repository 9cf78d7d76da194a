"""Defines the durable queues. A message says where to look, never what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hasten.json import Json

DIRECTORY_CHANGES = "directory-changes"
PROVISIONING = "provisioning"
ONBOARDING_EVENTS = "onboarding-events"
"""CloudEvents of upstream systems."""

ONBOARDING_REJECTED = "onboarding-rejected"
"""Events that Hasten rejected, with the reasons, until an operator replays them."""

ENSURE = "ensure"
"""Names targets with open intents. A lease lets one worker at a time handle a target."""

PROVISIONING_OUTCOMES = "provisioning-outcomes"
"""The topic: it carries one CloudEvent for each change that ended."""

TOPICS = frozenset({PROVISIONING_OUTCOMES})
"""All other names are queues."""

DROPS_DUPLICATES = frozenset({DIRECTORY_CHANGES, ENSURE})
"""Queues that drop a message whose id they have seen a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to send. `message_id` drives duplicate detection, and `at` delays the message.

    `body` is JSON. `raw` replaces it and is sent unchanged (an event that could not be read).
    """

    body: Json = field(default_factory=dict)
    message_id: str
    at: datetime | None = None
    raw: bytes | None = None
    content_type: str = "application/json"
    subject: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    """Application properties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as its queue delivers it. Names and values of `properties` may be bytes or text,
    because AMQP has both."""

    queue: str
    body: bytes
    content_type: str = ""
    message_id: str = ""
    properties: Mapping[Any, Any] = field(default_factory=dict)


class Bus(Protocol):
    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        """Sends to a queue or topic, and returns once Service Bus has accepted all messages. Raises
        TemporaryError if it has not. Some messages may have been accepted then, so sending them
        again must be harmless."""
        ...

    async def close(self) -> None: ...

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

QUEUES_READ = (DIRECTORY_CHANGES, PROVISIONING, ONBOARDING_EVENTS, ENSURE)
"""The queues whose messages Hasten handles."""

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

    trace: Mapping[str, str] = field(default_factory=dict)
    """Properties of the trace that the message goes on in; by default that of its sender."""

    about: Mapping[str, Any] = field(default_factory=dict)
    """The effect of a message for later, shown to the operator who lists it. It is not sent."""


ALARM = "hastenAlarm"
"""Application property that marks an alarm, whatever the queue carries else, and has its time."""


def alarm(at: datetime) -> Message:
    """Returns a message that has a worker post what is due by `at`."""
    text = at.isoformat()
    return Message(message_id=f"alarm:{text}", at=at, properties={ALARM: text})


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

    def carried(self) -> Mapping[str, str]:
        """Returns the properties of the current trace, for a message that is sent later."""
        ...

    async def close(self) -> None: ...

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
    """A message to send. Service Bus detects duplicates by `message_id`. With `at` it delivers the
    message at that time, else at once.

    `body` is JSON. `raw` takes its place and is sent unchanged, for an event that Hasten cannot
    read.
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
    """Properties of the trace to which the message belongs; by default the trace of its sender."""

    about: Mapping[str, Any] = field(default_factory=dict)
    """What the message does when it is due. Hasten shows it to an operator and does not send it."""


ALARM = "hastenAlarm"
"""Application property that marks a message as an alarm. Its value is the time of the alarm."""


def alarm(at: datetime) -> Message:
    """Returns the alarm for `at`: a worker that receives it posts the entries that are due."""
    text = at.isoformat()
    return Message(message_id=f"alarm:{text}", at=at, properties={ALARM: text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as its queue delivers it. Names and values of `properties` may be bytes or text,
    because AMQP has both. `deliveries` counts how often it was delivered, this time included."""

    queue: str
    body: bytes
    content_type: str = ""
    message_id: str = ""
    properties: Mapping[Any, Any] = field(default_factory=dict)
    deliveries: int = 1


class Bus(Protocol):
    """Sends messages to the queues and the topic of Service Bus."""

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        """Sends the messages to a queue or topic. Returns once Service Bus has accepted all of
        them.

        Raises TemporaryError if it has not; it may then have accepted some of them, so the caller
        must be able to send them all again without harm. Raises PermanentError if an operator must
        act."""
        ...

    def carried(self) -> Mapping[str, str]:
        """Returns the properties of the current trace, for a message that is sent later."""
        ...

    async def close(self) -> None: ...

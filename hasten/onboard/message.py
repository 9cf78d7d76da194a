"""A message of the queue onboarding-events: as it was posted, and as Hasten sends it to itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from hasten.events.envelope import MAX_ID, PREFIXES, STRUCTURED, OnboardingEvent, encode
from hasten.ports.bus import ONBOARDING_EVENTS, Message

TRIES = "hastenTries"
POSTED_AS = "hastenMessageId"
END_OF = "hastenEndOf"
"""Application properties of ours, on messages that Hasten sends itself."""

MOST_PROPERTIES = 16
LONGEST_PROPERTY = 1024
LONGEST_MESSAGE_ID = 128
"""Service Bus takes no longer one."""

MOST_TRIES = 1_000_000
"""Whoever may post can write our properties too: far beyond what Hasten counts to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """`properties` are the attributes of binary mode. `end_of` is the id of the event whose endAt
    this one carries out: it ends nothing that a newer event has begun."""

    queue = ONBOARDING_EVENTS
    most_tries = None

    body: bytes
    content_type: str
    message_id: str
    properties: Mapping[str, str] = field(default_factory=dict)
    end_of: str = ""
    tries: int = 0

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        ours = {TRIES: str(self.tries), POSTED_AS: self.message_id, END_OF: self.end_of}
        return Message(
            raw=self.body,
            message_id=message_id,
            at=at,
            content_type=self.content_type,
            properties={**self.properties, **{name: text for name, text in ours.items() if text}},
        )

    def tried_again(self) -> Self:
        return replace(self, tries=self.tries + 1)

    def saying(self, event: OnboardingEvent) -> Self:
        """The same message with another event in it."""
        return replace(self, body=encode(event), content_type=STRUCTURED, properties={}, tries=0)

    @classmethod
    def parse(
        cls,
        *,
        body: bytes | str,
        content_type: str | None,
        message_id: str | None,
        properties: Mapping[Any, Any] | None,
    ) -> Self:
        """Names and values of properties may be bytes, as AMQP has both."""
        told = {_text(name): _text(value) for name, value in (properties or {}).items()}
        attributes = {
            name: value[:LONGEST_PROPERTY]
            for name, value in told.items()
            if name.startswith(PREFIXES) and len(name) <= LONGEST_PROPERTY
        }
        tries = told.get(TRIES, "")[: len(str(MOST_TRIES))]
        return cls(
            body=body.encode() if isinstance(body, str) else body,
            content_type=content_type or "",
            message_id=(told.get(POSTED_AS) or message_id or "")[:LONGEST_MESSAGE_ID],
            properties=dict(sorted(attributes.items())[:MOST_PROPERTIES]),
            end_of=told.get(END_OF, "")[:MAX_ID],
            tries=min(int(tries), MOST_TRIES) if tries.isdecimal() else 0,
        )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

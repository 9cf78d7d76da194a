"""A message of the queue onboarding-events: as it was posted, and as Hasten sends it to itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from hasten.events.binary import CONTEXT, attribute
from hasten.events.envelope import MAX_ID, STRUCTURED, OnboardingEvent, encode
from hasten.ports.bus import ONBOARDING_EVENTS, Message

TRIES = "hastenTries"
POSTED_AS = "hastenMessageId"
END_OF = "hastenEndOf"
OF_PEOPLE = "hastenOfPeople"
"""Application properties of ours, on messages that Hasten sends itself."""

ORIGINAL_BYTES = "originalBytes"
"""Property of a parked event whose body was cut: the size in bytes of the body that was posted."""

MOST_PROPERTIES = 20
LONGEST_PROPERTY = 1536
"""Bytes: 384 characters at least, so that an attribute that is too long is still seen to be."""

LONGEST_NAME = 64
LONGEST_MESSAGE_ID = 128
"""Service Bus takes no longer one."""

LONGEST_NUMBER = 20
MOST_TRIES = 1_000_000
"""Whoever may post can write our properties too: numbers in them count no further than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """`properties` are the attributes of binary mode. `end_of` is the id of the event whose endAt
    this one carries out: it ends nothing that a newer event has begun. `is_from_hasten`: Hasten
    has taken the event before and sent it to itself, to put it off or to try again. `of_people` is
    how many people the event named before it was split. `original_bytes` is the size that the body
    had before Hasten cut it; empty where it is whole."""

    queue = ONBOARDING_EVENTS
    most_tries = None

    body: bytes
    content_type: str
    message_id: str
    properties: Mapping[str, str] = field(default_factory=dict)
    end_of: str = ""
    tries: int = 0
    of_people: int = 0
    is_from_hasten: bool = False
    original_bytes: str = ""

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        ours = {
            TRIES: str(self.tries),
            POSTED_AS: self.message_id,
            END_OF: self.end_of,
            OF_PEOPLE: str(self.of_people or ""),
        }
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
        return cls(
            body=body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
            content_type=content_type or "",
            message_id=(told.get(POSTED_AS) or message_id or "")[:LONGEST_MESSAGE_ID],
            properties=_attributes(told),
            end_of=told.get(END_OF, "")[:MAX_ID],
            tries=_number(told.get(TRIES, "")),
            of_people=_number(told.get(OF_PEOPLE, "")),
            is_from_hasten=TRIES in told,
            original_bytes=told.get(ORIGINAL_BYTES, "")[:LONGEST_NUMBER],
        )


def _attributes(told: Mapping[str, str]) -> Mapping[str, str]:
    """Those that Hasten reads first: extensions never crowd them out."""
    names = [name for name in told if len(name) <= LONGEST_NAME and attribute(name)]
    names.sort(key=lambda name: (attribute(name) not in CONTEXT, name))
    return {name: _shortened(told[name]) for name in names[:MOST_PROPERTIES]}


def _shortened(text: str) -> str:
    return text.encode("utf-8", "replace")[:LONGEST_PROPERTY].decode("utf-8", "ignore")


def _number(text: str) -> int:
    digits = text[: len(str(MOST_TRIES))]
    return min(int(digits), MOST_TRIES) if digits.isascii() and digits.isdecimal() else 0


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

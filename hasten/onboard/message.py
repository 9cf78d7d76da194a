"""A message of the queue onboarding-events, as an upstream system posted it or as Hasten sends it
to itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from hasten.events.binary import CONTEXT_ATTRIBUTES, attribute
from hasten.events.envelope import ID_MAX_CHARS, STRUCTURED, OnboardingEvent, encode
from hasten.ports.bus import ONBOARDING_EVENTS, Message, Received

TRIES = "hastenTries"
POSTED_AS = "hastenMessageId"
END_OF = "hastenEndOf"
OF_PEOPLE = "hastenOfPeople"
SECOND_LOOK = "hastenSecondLook"
WAS_ACTING = "hastenWasActing"
"""Hasten sets these six application properties on messages that it sends to itself; no other
producer may."""

ORIGINAL_BYTES = "originalBytes"
"""Property of a parked event whose body was cut: the size in bytes of the body that was posted."""

MAX_PROPERTIES = 20
PROPERTY_MAX_BYTES = 1536
"""Bytes of a property that are kept. They hold at least 384 characters, so that validation still
sees an attribute that is too long."""

PROPERTY_NAME_MAX_CHARS = 64
MESSAGE_ID_MAX_CHARS = 128
"""Characters. Service Bus accepts no longer message id."""

NUMBER_MAX_DIGITS = 20
MAX_PROPERTY_NUMBER = 1_000_000
"""Upper limit for numbers in Hasten's own properties, because any producer can write these
properties too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A posted event. `properties` are the attributes of binary mode. `end_of` is the id of the
    event whose endAt this one carries out; the end does not undo what a newer event began.
    `is_from_hasten` is True if Hasten took the event before and sent it to itself, to defer or
    retry it. `of_people` is the number of people in the whole event, of which this may be a part.
    `original_bytes` is the size of the body before Hasten cut it; empty if the body is whole.
    `second_look` says what a second look at the event is about, and is empty for the first.
    `was_acting` is True once Hasten has taken the event while the target was not in observe mode:
    whoever posted it counts on Hasten."""

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
    second_look: str = ""
    was_acting: bool = False

    def message(self, message_id: str, at: datetime | None = None) -> Message:
        ours = {
            TRIES: str(self.tries),
            POSTED_AS: self.message_id,
            END_OF: self.end_of,
            OF_PEOPLE: str(self.of_people or ""),
            SECOND_LOOK: self.second_look,
            WAS_ACTING: "1" if self.was_acting else "",
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

    def with_event(self, event: OnboardingEvent) -> Self:
        """Returns the same message with another event in it."""
        return replace(self, body=encode(event), content_type=STRUCTURED, properties={}, tries=0)

    @classmethod
    def of(cls, received: Received) -> Self:
        return cls.parse(
            body=received.body,
            content_type=received.content_type,
            message_id=received.message_id,
            properties=received.properties,
        )

    @classmethod
    def parse(
        cls,
        *,
        body: bytes | str,
        content_type: str | None,
        message_id: str | None,
        properties: Mapping[Any, Any] | None,
    ) -> Self:
        """Reads a message. Names and values of properties may be bytes or text, because AMQP has
        both."""
        given = {_text(name): _text(value) for name, value in (properties or {}).items()}
        return cls(
            body=body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
            content_type=content_type or "",
            message_id=(given.get(POSTED_AS) or message_id or "")[:MESSAGE_ID_MAX_CHARS],
            properties=_attributes(given),
            end_of=given.get(END_OF, "")[:ID_MAX_CHARS],
            tries=_number(given.get(TRIES, "")),
            of_people=_number(given.get(OF_PEOPLE, "")),
            is_from_hasten=TRIES in given,
            original_bytes=given.get(ORIGINAL_BYTES, "")[:NUMBER_MAX_DIGITS],
            second_look=given.get(SECOND_LOOK, "")[:PROPERTY_NAME_MAX_CHARS],
            was_acting=WAS_ACTING in given,
        )


def _attributes(given: Mapping[str, str]) -> Mapping[str, str]:
    """Returns the attributes that fit. CloudEvents context attributes come first, so that
    extensions never displace them."""
    names = [name for name in given if len(name) <= PROPERTY_NAME_MAX_CHARS and attribute(name)]
    names.sort(key=lambda name: (attribute(name) not in CONTEXT_ATTRIBUTES, name))
    return {name: _shortened(given[name]) for name in names[:MAX_PROPERTIES]}


def _shortened(text: str) -> str:
    return text.encode("utf-8", "replace")[:PROPERTY_MAX_BYTES].decode("utf-8", "ignore")


def _number(text: str) -> int:
    digits = text[: len(str(MAX_PROPERTY_NUMBER))]
    return min(int(digits), MAX_PROPERTY_NUMBER) if digits.isascii() and digits.isdecimal() else 0


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

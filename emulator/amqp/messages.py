"""Reads AMQP messages: the sections that a broker reads or rewrites. The body stays unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulator.amqp.decode import decode
from emulator.amqp.encode import encode
from emulator.amqp.types import DecodeError, Described, Symbol, Timestamp, UByte, UInt, ULong

_HEADER, _DELIVERY_ANNOTATIONS, _ANNOTATIONS, _PROPERTIES, _APPLICATION_PROPERTIES = range(
    0x70, 0x75
)
_DATA, _SEQUENCE, _VALUE, _FOOTER = range(0x75, 0x79)


class Header(NamedTuple):
    durable: bool | None = None
    priority: UByte | None = None
    ttl: UInt | None = None
    first_acquirer: bool | None = None
    delivery_count: UInt | None = None


class Properties(NamedTuple):
    message_id: Any = None
    user_id: bytes | None = None
    to: Any = None
    subject: str | None = None
    reply_to: Any = None
    correlation_id: Any = None
    content_type: Symbol | None = None
    content_encoding: Symbol | None = None
    absolute_expiry_time: Timestamp | None = None
    creation_time: Timestamp | None = None
    group_id: str | None = None
    group_sequence: UInt | None = None
    reply_to_group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `body` contains the body sections and the footer, still encoded."""

    header: Header = field(default_factory=Header)
    annotations: Mapping[Symbol, Any] = field(default_factory=dict)
    properties: Properties = field(default_factory=Properties)
    application_properties: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""

    @property
    def value(self) -> Any:
        """Returns the body of a message with a single AMQP value, else None."""
        section, _ = decode(self.body) if self.body else (None, 0)
        if isinstance(section, Described) and section.descriptor == _VALUE:
            return section.value
        return None


def value_body(value: Any) -> bytes:
    return encode(Described(ULong(_VALUE), value))


def decode_message(payload: bytes) -> Message:
    """Decodes a message. Raises DecodeError."""
    sections: dict[int, Any] = {}
    at = 0
    while at < len(payload):
        section, after = decode(payload, at)
        code = _code(section)
        if code >= _DATA:
            break  # the rest is body and footer
        sections[code] = section.value
        at = after
    return Message(
        header=Header(*_fields(sections.get(_HEADER), Header)),
        annotations=_map(sections.get(_ANNOTATIONS)),
        properties=Properties(*_fields(sections.get(_PROPERTIES), Properties)),
        application_properties=_map(sections.get(_APPLICATION_PROPERTIES)),
        body=payload[at:],
    )


def encode_message(
    message: Message, *, delivery_annotations: Mapping[Symbol, Any] | None = None
) -> bytes:
    out = b""
    if any(item is not None for item in message.header):
        out += _section(_HEADER, _trimmed(message.header))
    if delivery_annotations:
        out += _section(_DELIVERY_ANNOTATIONS, dict(delivery_annotations))
    if message.annotations:
        out += _section(_ANNOTATIONS, dict(message.annotations))
    if any(item is not None for item in message.properties):
        out += _section(_PROPERTIES, _trimmed(message.properties))
    if message.application_properties:
        out += _section(_APPLICATION_PROPERTIES, dict(message.application_properties))
    return out + message.body


def decode_batch(payload: bytes) -> list[bytes]:
    """Returns the encoded messages of a batch, one per data section. Raises DecodeError."""
    parts = []
    at = 0
    while at < len(payload):
        section, at = decode(payload, at)
        if _code(section) == _DATA:
            if not isinstance(section.value, bytes):
                raise DecodeError("data section of a batch holds no binary")
            parts.append(section.value)
    return parts


def _section(code: int, value: Any) -> bytes:
    return encode(Described(ULong(code), value))


def _code(section: Any) -> int:
    if not isinstance(section, Described) or not isinstance(section.descriptor, ULong):
        raise DecodeError("expected a section of a message")
    if not _HEADER <= section.descriptor <= _FOOTER:
        raise DecodeError(f"unknown message section {section.descriptor}")
    return int(section.descriptor)


def _fields(value: Any, kind: type[NamedTuple]) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > len(kind._fields):
        raise DecodeError(f"malformed {kind.__name__} of a message")
    return value


def _map(value: Any) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DecodeError("expected a map in a message")
    return value


def _trimmed(fields: tuple[Any, ...]) -> list[Any]:
    items = list(fields)
    while items and items[-1] is None:
        items.pop()
    return items

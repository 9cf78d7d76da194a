"""Reads and writes the annotations of a message."""

from collections.abc import Mapping
from typing import Any

from emulator.amqp.errors import DECODE_ERROR, AmqpError
from emulator.amqp.messages import Message, decode_message, encode_message
from emulator.amqp.types import Int, Symbol, Timestamp, UInt
from emulator.servicebus.entries import Entry, EntryState, Post

_SCHEDULED = Symbol("x-opt-scheduled-enqueue-time")
_SEQUENCE_NUMBER = Symbol("x-opt-sequence-number")
_ENQUEUED_NUMBER = Symbol("x-opt-enqueue-sequence-number")
_ENQUEUED_AT = Symbol("x-opt-enqueued-time")
_LOCKED_UNTIL = Symbol("x-opt-locked-until")
_STATE = Symbol("x-opt-message-state")
_LOCK_TOKEN = Symbol("x-opt-lock-token")
# A received message that is sent again still has these annotations from its first delivery.
_OURS = {_SEQUENCE_NUMBER, _ENQUEUED_NUMBER, _ENQUEUED_AT, _LOCKED_UNTIL, _STATE}


def to_post(payload: bytes) -> Post:
    """Converts a received payload. Raises DecodeError or AmqpError for an invalid message."""
    message = decode_message(payload)
    session, ttl = message.properties.group_id, message.header.ttl
    scheduled = message.annotations.get(_SCHEDULED)
    if not isinstance(session, str | None):
        raise AmqpError(DECODE_ERROR, "group-id is no string")
    if not isinstance(ttl, int | None) or not isinstance(scheduled, int | None):
        raise AmqpError(DECODE_ERROR, "ttl or scheduled enqueue time is no number")
    message_id = message.properties.message_id
    return Post(
        content=message,
        message_id=None if message_id is None else str(message_id),
        session=session,
        time_to_live=float("inf") if ttl is None else ttl / 1000,
        scheduled_at=None if scheduled is None else scheduled / 1000,
    )


def to_payload(entry: Entry, *, browsed: bool = False) -> bytes:
    """Encodes an entry. `browsed` means that it was peeked or received by number; its state is then
    included."""
    message: Message = entry.post.content
    annotations: dict[Symbol, Any] = {
        key: value for key, value in message.annotations.items() if key not in _OURS
    }
    annotations[_SEQUENCE_NUMBER] = entry.sequence_number
    annotations[_ENQUEUED_NUMBER] = entry.sequence_number
    annotations[_ENQUEUED_AT] = timestamp(entry.enqueued_at)
    if entry.lock is not None:
        annotations[_LOCKED_UNTIL] = timestamp(entry.lock.until)
    if browsed or entry.state is not EntryState.ACTIVE:
        annotations[_STATE] = Int(entry.state)
    return encode_message(
        Message(
            header=message.header._replace(delivery_count=UInt(entry.delivery_count)),
            annotations=annotations,
            properties=message.properties,
            application_properties={
                **message.application_properties,
                **entry.modified,
                **_grave(entry),
            },
            body=message.body,
        ),
        delivery_annotations={_LOCK_TOKEN: entry.lock.token} if entry.lock else None,
    )


def _grave(entry: Entry) -> Mapping[str, str]:
    """Returns the properties that say why a message was dead-lettered."""
    if entry.dead_lettered is None:
        return {}
    properties = {
        "DeadLetterReason": entry.dead_lettered.reason,
        "DeadLetterErrorDescription": entry.dead_lettered.description,
    }
    return {key: value for key, value in properties.items() if value is not None}


def timestamp(seconds: float) -> Timestamp:
    return Timestamp(round(seconds * 1000))

"""Converts input to the arguments of functions, with azure.functions' own converters."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from azure.functions.http import HttpRequestConverter
from azure.functions.meta import Datum
from azure.functions.servicebus import ServiceBusMessageInConverter
from azure.functions.timer import TimerRequestConverter
from azure.servicebus import ServiceBusReceivedMessage
from starlette.requests import Request


async def http(request: Request) -> Any:
    def texts(values: Mapping[str, Any]) -> dict[str, Datum]:
        return {name: Datum(str(value), "string") for name, value in values.items()}

    value = {
        "method": Datum(request.method, "string"),
        "url": Datum(str(request.url), "string"),
        "headers": texts(request.headers),
        "query": texts(request.query_params),
        "params": texts(request.path_params),
        "body": Datum(await request.body(), "bytes"),
    }
    return HttpRequestConverter.decode(Datum(value, "http"), trigger_metadata={})


def timer(*, past_due: bool) -> Any:
    return TimerRequestConverter.decode(
        Datum(json.dumps({"IsPastDue": past_due}), "json"), trigger_metadata={}
    )


def message(content: str) -> Any:
    """Returns a message that Service Bus never had, for a function that is run by hand."""
    known = {"MessageId": uuid.uuid4().hex, "DeliveryCount": 1}
    return _message(content.encode(), {**known, "ApplicationProperties": {}, "UserProperties": {}})


def service_bus(message: ServiceBusReceivedMessage) -> Any:
    properties = {_text(k): _text(v) for k, v in (message.application_properties or {}).items()}
    return _message(
        b"".join(message.body),
        {
            "MessageId": message.message_id,
            "SessionId": message.session_id,
            "CorrelationId": message.correlation_id,
            "ContentType": message.content_type,
            "Subject": message.subject,
            "Label": message.subject,
            "To": message.to,
            "ReplyTo": message.reply_to,
            "ReplyToSessionId": message.reply_to_session_id,
            "PartitionKey": message.partition_key,
            "DeadLetterReason": message.dead_letter_reason,
            "DeadLetterErrorDescription": message.dead_letter_error_description,
            "DeadLetterSource": message.dead_letter_source,
            "LockToken": str(message.lock_token),
            "LockedUntil": message.locked_until_utc,
            "DeliveryCount": (message.delivery_count or 0) + 1,  # Azure's host counts from one
            "SequenceNumber": message.sequence_number,
            "EnqueuedSequenceNumber": message.enqueued_sequence_number,
            "EnqueuedTimeUtc": message.enqueued_time_utc,
            "ExpiresAtUtc": message.expires_at_utc,
            "ScheduledEnqueueTimeUtc": message.scheduled_enqueue_time_utc,
            "ApplicationProperties": properties,
            "UserProperties": properties,  # marks the message as a single one
        },
    )


def _message(body: bytes, known: Mapping[str, Any]) -> Any:
    metadata = {name: _datum(value) for name, value in known.items() if value is not None}
    return ServiceBusMessageInConverter.decode(Datum(body, "bytes"), trigger_metadata=metadata)


def _datum(value: Any) -> Datum:
    if isinstance(value, str):
        return Datum(value, "string")
    return Datum(json.dumps(value.isoformat() if isinstance(value, datetime) else value), "json")


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

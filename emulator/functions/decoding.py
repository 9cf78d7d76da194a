"""Turns what arrives into the arguments of functions, with azure.functions' own converters."""

import json
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


def service_bus(message: ServiceBusReceivedMessage) -> Any:
    properties = {_text(k): _text(v) for k, v in (message.application_properties or {}).items()}
    known: dict[str, Any] = {
        "MessageId": message.message_id,
        "SessionId": message.session_id,
        "CorrelationId": message.correlation_id,
        "ContentType": message.content_type,
        "Subject": message.subject,
        "Label": message.subject,
        "To": message.to,
        "ReplyTo": message.reply_to,
        "LockToken": str(message.lock_token),
        "DeliveryCount": (message.delivery_count or 0) + 1,  # Azure's host counts from one
        "SequenceNumber": message.sequence_number,
        "EnqueuedTimeUtc": message.enqueued_time_utc,
        "ApplicationProperties": properties,
        "UserProperties": properties,
    }
    metadata = {name: _datum(value) for name, value in known.items() if value is not None}
    body = b"".join(message.body)
    return ServiceBusMessageInConverter.decode(Datum(body, "bytes"), trigger_metadata=metadata)


def _datum(value: Any) -> Datum:
    if isinstance(value, str):
        return Datum(value, "string")
    return Datum(json.dumps(value.isoformat() if isinstance(value, datetime) else value), "json")


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

"""Bad events that are bad before anyone looks at their data: the message and the envelope."""

import base64
import gzip
import json
from typing import Any

from hasten.events.fault_codes import FaultCode
from tests.support.bad_event import Bad, good, without
from tests.support.posting import ONBOARD, at

DAY = 86_400


def text(given: Any) -> bytes:
    return json.dumps(given).encode()


def in_binary_mode() -> dict[str, Any]:
    """How an event is posted in binary mode, with the attributes as properties."""
    properties = {
        "cloudEvents:specversion": "1.0",
        "cloudEvents:id": "1",
        "cloudEvents:source": "/hr",
        "cloudEvents:type": ONBOARD,
        "cloudEvents:time": "2026-11-24T09:00:00Z",
    }
    return {"content_type": "application/json", "properties": properties}


def event_grid() -> dict[str, Any]:
    return {
        "id": "1",
        "topic": "/hr",
        "subject": "people",
        "eventType": ONBOARD,
        "eventTime": at(0),
        "dataVersion": "1",
        "data": good()["data"],
    }


def renamed(key: str, other: str) -> dict[str, Any]:
    return {**without(key), other: good()[key]}


def with_data(data: Any, key: str = "data") -> dict[str, Any]:
    return {**without("data"), key: data}


DATA_CONTRACT_OBJECT = (
    b"\x40\x05Hired\x08\x33http://schemas.microsoft.com/2003/10/Serialization/\x01"
)

MESSAGE = (
    Bad("empty body", FaultCode.MALFORMED, "body", lambda: b""),
    Bad("malformed JSON", FaultCode.MALFORMED, "body", lambda: b'{"specversion": "1.0",'),
    Bad("JSON that is no object", FaultCode.MALFORMED, "body", lambda: b"12"),
    Bad("two objects in a row", FaultCode.MALFORMED, "body", lambda: text(good()) * 2),
    Bad(
        "JSON in Latin-1", FaultCode.ENCODING, "body", lambda: '{"id": "Zo\xeb"}'.encode("latin-1")
    ),
    Bad(
        "JSON compressed by gzip", FaultCode.COMPRESSED, "body", lambda: gzip.compress(text(good()))
    ),
    Bad("XML", FaultCode.XML, "body", lambda: b"<event/>"),
    Bad(
        "an object in BrokeredMessage of .NET",
        FaultCode.DATA_CONTRACT,
        "body",
        lambda: DATA_CONTRACT_OBJECT,
    ),
    Bad("Base64 of the event", FaultCode.BASE64, "body", lambda: base64.b64encode(text(good()))),
    Bad(
        "JSON string with the event in it",
        FaultCode.DOUBLE_ENCODED,
        "body",
        lambda: text(json.dumps(good())),
    ),
    Bad(
        "the same key twice",
        FaultCode.DUPLICATE_KEY,
        "data.startAt",
        lambda: text(good(startAt="A", role="R")).replace(b'"role": "R"', b'"startAt": "B"'),
    ),
    Bad("NaN", FaultCode.NOT_A_NUMBER, "data.role", lambda: text(good(role=float("nan")))),
    Bad(
        "50 arrays inside each other",
        FaultCode.TOO_DEEP,
        "extension" + "[0]" * 32,
        lambda: text({**good(), "extension": 1}).replace(b"1}", b"[" * 50 + b"]" * 50 + b"}"),
    ),
    Bad(
        "300 KB body",
        FaultCode.TOO_LARGE,
        "body",
        lambda: json.dumps({**good(), "padding": "x" * 300_000}).encode(),
    ),
    Bad(
        "300 KB body that Hasten cut and somebody replayed",
        FaultCode.CUT,
        "body",
        lambda: text(good())[:99],
        {"properties": {"originalBytes": "300000"}},
    ),
    Bad(
        "several events in one message",
        FaultCode.BATCH,
        "body",
        lambda: json.dumps([good()]).encode(),
        {"content_type": "application/cloudevents-batch+json"},
    ),
    Bad("JSON array", FaultCode.BATCH, "body", lambda: text([good(), good()])),
    Bad("Event Grid schema", FaultCode.EVENT_GRID, "body", event_grid),
    Bad(
        "$content of Logic Apps and Power Automate",
        FaultCode.WRAPPED,
        "body",
        lambda: {
            "$content-type": "application/octet-stream",
            "$content": base64.b64encode(text(good())).decode(),
        },
    ),
    Bad("event inside another object", FaultCode.WRAPPED, "message", lambda: {"message": good()}),
    Bad("data alone", FaultCode.NO_ENVELOPE, "body", lambda: good()["data"]),
    Bad(
        "binary mode with data that is not JSON",
        FaultCode.NOT_JSON_DATA,
        "content type",
        lambda: b"<user/>",
        {"content_type": "application/xml", "properties": {"cloudEvents:specversion": "1.0"}},
    ),
    Bad("attributes both ways", FaultCode.MIXED_MODES, "body", good, in_binary_mode()),
    Bad(
        "data and data_base64",
        FaultCode.TWO_DATA,
        "data_base64",
        lambda: {**good(), "data_base64": "e30="},
    ),
    Bad(
        "data_base64 that is no Base64",
        FaultCode.WRONG_TYPE,
        "data_base64",
        lambda: with_data("{}", "data_base64"),
    ),
    Bad(
        "data as a JSON string",
        FaultCode.DOUBLE_ENCODED,
        "data",
        lambda: with_data(json.dumps(good()["data"])),
    ),
)

ENVELOPE = (
    Bad("no specversion", FaultCode.MISSING, "specversion", lambda: without("specversion")),
    Bad(
        "another specversion",
        FaultCode.WRONG_VERSION,
        "specversion",
        lambda: {**good(), "specversion": "0.3"},
    ),
    Bad("no id", FaultCode.MISSING, "id", lambda: without("id")),
    Bad("id of 300 characters", FaultCode.TOO_LONG, "id", lambda: {**good(), "id": "x" * 300}),
    Bad("no source", FaultCode.MISSING, "source", lambda: without("source")),
    Bad("no type", FaultCode.MISSING, "type", lambda: without("type")),
    Bad(
        "unknown type of event",
        FaultCode.UNKNOWN_TYPE,
        "type",
        lambda: {**good(), "type": "hasten.user.promote.v1"},
    ),
    Bad("no time", FaultCode.MISSING, "time", lambda: without("time")),
    Bad(
        "time that is none",
        FaultCode.NOT_A_TIME,
        "time",
        lambda: {**good(), "time": "yesterday"},
    ),
    Bad(
        "time without offset",
        FaultCode.NO_OFFSET,
        "time",
        lambda: {**good(), "time": "2026-11-24T09:00:00"},
    ),
    Bad("time in the future", FaultCode.FUTURE, "time", lambda: {**good(), "time": at(301)}),
    Bad("no data", FaultCode.MISSING, "data", lambda: without("data")),
    Bad("Time in place of time", FaultCode.SPELLING, "Time", lambda: renamed("time", "Time")),
    Bad(
        "startAt beside data",
        FaultCode.MISPLACED,
        "startAt",
        lambda: {**good(), "startAt": at(86_400)},
    ),
    Bad("time as a number", FaultCode.NOT_A_TIME, "time", lambda: {**good(), "time": 1795510800}),
    Bad(
        "time of 91 days ago", FaultCode.TOO_OLD, "time", lambda: {**good(), "time": at(-91 * DAY)}
    ),
    Bad(
        "variable that was not filled in",
        FaultCode.TEMPLATE,
        "id",
        lambda: {**good(), "id": "$(Build.BuildId)"},
    ),
    Bad(
        "control character",
        FaultCode.BAD_CHARACTER,
        "source",
        lambda: {**good(), "source": "/hr\t1"},
    ),
)

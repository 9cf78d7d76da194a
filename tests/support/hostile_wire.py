"""All the ways of posting an event, or of posting something else in its place."""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from hasten.events.datacontract import STARTS


@dataclass
class Hostile:
    body: bytes
    content_type: str = ""
    properties: dict[str, str] = field(default_factory=dict)


def text(event: Any) -> bytes:
    return json.dumps(event).encode()


def structured(event: Any) -> Hostile:
    return Hostile(text(event))


def binary(event: Any) -> Hostile:
    body = event.pop("data", None)
    return Hostile(text(body), "application/json", {f"ce_{k}": str(v) for k, v in event.items()})


def half_binary(event: Any) -> Hostile:
    properties = {f"cloudEvents:{key}": str(value) for key, value in event.items()}
    return Hostile(text(event), "application/json", properties)


def in_base64(event: Any) -> Hostile:
    return structured({**event, "data_base64": encoded(event.pop("data", None))})


def encoded(event: Any) -> str:
    return base64.b64encode(text(event)).decode()


def brokered(event: Any) -> Hostile:
    body = text(event)
    return Hostile(STARTS[0] + b"\x9b" + (len(body) & 0xFFFF).to_bytes(2, "little") + body)


def event_grid(event: Any) -> Hostile:
    names = {"type": "eventType", "time": "eventTime", "source": "topic"}
    renamed = {names.get(key, key): value for key, value in event.items()}
    return structured({key: value for key, value in renamed.items() if key != "specversion"})


def repeated(event: Any) -> Hostile:
    return Hostile(text(event).replace(b'"data": {', b'"data": {"startAt": null, "startAt": 1,', 1))


def urlsafe(event: Any) -> Hostile:
    """With ~ and ? in it, so that the alphabet differs."""
    return structured({**event, "data_base64": _of(event, base64.urlsafe_b64encode)})


def unpadded(event: Any) -> Hostile:
    return structured({**event, "data_base64": _of(event, base64.b64encode).rstrip("=")})


def _of(event: Any, encode: Callable[[bytes], bytes]) -> str:
    return encode(text({"note": "~~~???~~~", **_mapping(event.pop("data", None))})).decode()


def _mapping(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def repeated_within(event: Any) -> Hostile:
    """A key is repeated in the innermost object."""
    return Hostile(text(event).replace(b'{"id": ', b'{"id": "x", "id": '))


def raw(old: bytes, new: bytes) -> Callable[[Any], Hostile]:
    """Puts text into the body that json.dumps does not write."""
    return lambda event: Hostile(text(event).replace(old, new, 1))


def typed(content_type: str) -> Callable[[Any], Hostile]:
    return lambda event: Hostile(text(event), content_type)


def binary_with(**properties: str) -> Callable[[Any], Hostile]:
    def post(event: Any) -> Hostile:
        made = binary(event)
        return Hostile(made.body, made.content_type, {**made.properties, **properties})

    return post


FORMS: list[Callable[[Any], Hostile]] = [
    binary,
    half_binary,
    in_base64,
    brokered,
    event_grid,
    repeated,
    repeated_within,
    urlsafe,
    unpadded,
    raw(b'"data": {', b'"data": {"startAt": NaN, '),
    raw(b'"data": {', b'"data": {"role": -Infinity, '),
    raw(b'"data": {', b'"extra": ' + b"[" * 40 + b"]" * 40 + b', "data": {'),
    raw(b'"data": {', b'"extra": ' + b"[" * 9_000 + b"]" * 9_000 + b', "data": {'),
    raw(b'"data": {', b'"extra": ' + b"9" * 5_000 + b', "data": {'),
    raw(b'"data": {', b'"extra": 1e999, "data": {'),
    raw(b'"data": {', b'"\\ud800": 1, "data": {'),
    raw(b'"data": {', b'"data": [], "data": {'),
    typed("text/xml"),
    typed("application/octet-stream"),
    typed("application/cloudevents-batch+json; charset=utf-8"),
    typed("application/x-www-form-urlencoded"),
    typed("application/json; charset=iso-8859-1"),
    binary_with(ce_id="another", **{"cloudEvents:id": "one"}),
    binary_with(ce_specversion="0.3"),
    binary_with(ce_time="yesterday"),
    binary_with(**{"ce-type": "hasten.user.remove.v1"}),
    lambda event: structured([event, event]),
    lambda event: structured({"events": [event]}),
    lambda event: Hostile(text(event), "application/cloudevents+json; charset=utf-8"),
    lambda event: Hostile(text(event), "application/cloudevents-batch+json"),
    lambda event: structured([event]),
    lambda event: structured(json.dumps(event)),
    lambda event: structured({"body": event}),
    lambda event: structured({"$content-type": "application/json", "$content": encoded(event)}),
    lambda event: structured({**event, "data": json.dumps(event.get("data"))}),
    lambda event: structured(event.get("data")),
    lambda event: Hostile(encoded(event).encode()),
    lambda event: Hostile(b"\xef\xbb\xbf" + text(event)),
    lambda event: Hostile(json.dumps(event).encode("utf-16")),
    lambda event: Hostile(json.dumps(event).encode("utf-16-le")),
    lambda event: Hostile(gzip.compress(text(event), mtime=0)),
    lambda event: Hostile(text(event)[:-9]),
    lambda event: Hostile(text(event) * 2),
    lambda event: Hostile(text(event) + b"\x00"),
    lambda event: Hostile(text(event).replace(b'"', b"'")),
    lambda event: Hostile(b'<string xmlns="urn:x">' + text(event) + b"</string>"),
]
"""All the ways in which an event is posted, or mistaken for one."""

WIRE: st.SearchStrategy[Callable[[Any], Hostile]] = st.sampled_from(
    [structured] * 2 * len(FORMS) + FORMS
)
"""Most often in structured mode, so that what is wrong with the event itself is seen."""

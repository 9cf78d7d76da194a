"""Corrupts answers: status 200 with an unexpected body, as proxies and faulty gateways send it."""

import json
from enum import StrEnum
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

HTML = b"<html><body>The service is temporarily unavailable.</body></html>"
NAMED_BY_DEFAULT = ("value", "key", "id")
"""Properties to leave out of a body; the first that it has is removed."""


class Garbled(StrEnum):
    HTML = "html"
    EMPTY = "empty"
    CUT = "cut"
    """The first half of the JSON."""
    TYPE = "type"
    """A list instead of an object, or the other way round."""
    MISSING = "missing"
    """A property is missing."""
    NULL = "null"
    """A property is null."""


class Garbler:
    """Changes the answer of an app before it is sent; `name` is the property that is missing or
    null."""

    def __init__(self, kind: Garbled, send: Send, name: str = "") -> None:
        self._kind = kind
        self._send = send
        self._name = name
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = garble(self._kind, bytes(self._body), self._name)
        headers = MutableHeaders(scope=self._start)
        headers["content-length"] = str(len(body))
        if self._kind is Garbled.HTML:
            headers["content-type"] = "text/html"
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


async def garbled_answer(kind: Garbled, send: Send) -> None:
    """Sends HTML or nothing without calling the app."""
    garbler = Garbler(kind, send)
    await garbler({"type": "http.response.start", "status": 200, "headers": []})
    await garbler({"type": "http.response.body", "body": b""})


def garble(kind: Garbled, body: bytes, name: str = "") -> bytes:
    match kind:
        case Garbled.HTML:
            return HTML
        case Garbled.EMPTY:
            return b""
        case Garbled.CUT:
            return body[: len(body) // 2]
        case Garbled.TYPE:
            return json.dumps(_of_another_type(json.loads(body))).encode()
        case Garbled.MISSING | Garbled.NULL:
            return json.dumps(_without(json.loads(body), name, kind)).encode()


def _of_another_type(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        return {**value, "value": {"items": value["value"]}}
    return [value]


def _without(value: Any, name: str, kind: Garbled) -> Any:
    """Changes the property in the value and in each item of a collection."""
    if isinstance(value, list):
        return [_without(item, name, kind) for item in value]
    if not isinstance(value, dict):
        return value
    gone = name or next((known for known in NAMED_BY_DEFAULT if known in value), "")
    kept = {key: item for key, item in value.items() if key != gone}
    if name and "value" in kept:
        kept["value"] = _without(kept["value"], name, kind)
    if kind is Garbled.NULL and gone in value:
        kept[gone] = None
    return kept

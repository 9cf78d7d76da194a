"""Implements request and response over a pair of links, as $cbs and $management use it."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from emulator.amqp import performatives as p
from emulator.amqp.errors import NOT_ALLOWED, RESOURCE_LIMIT_EXCEEDED, AmqpError
from emulator.amqp.incoming_link import Delivery
from emulator.amqp.messages import (
    Message,
    Properties,
    decode_message,
    encode_message,
    value_body,
)
from emulator.amqp.outgoing_link import OutgoingLink

MAX_WAITING_BYTES = 4 << 20
"""Enough for the answers to a token for each link of a connection, 150 bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    properties: Mapping[str, Any]
    body: Any = None


class Responder:
    """The link for answers. Answers wait, up to a limit, for the peer's credit."""

    def __init__(self, link: OutgoingLink, *, on_detached: Callable[[], object]) -> None:
        self._link = link
        self._on_detached = on_detached
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0

    def respond(self, response: Response, *, to: Message) -> None:
        if self._waiting_bytes > MAX_WAITING_BYTES:
            raise AmqpError(RESOURCE_LIMIT_EXCEEDED, "Too many answers wait for credit.")
        message = Message(
            properties=Properties(correlation_id=to.properties.message_id),
            application_properties=response.properties,
            body=value_body(response.body),
        )
        payload = encode_message(message)
        self._waiting.append(payload)
        self._waiting_bytes += len(payload)
        self.writable()

    def writable(self) -> None:
        while self._waiting and self._link.sendable:
            payload = self._waiting.popleft()
            self._waiting_bytes -= len(payload)
            self._link.send(payload, tag=uuid4().bytes, settled=True)

    def settled(self, tag: bytes, outcome: p.Outcome) -> p.Outcome:
        raise AssertionError(f"answers are sent settled, yet {tag!r} is settled as {outcome}")

    def detached(self, *, orderly: bool) -> None:  # noqa: ARG002 - either way it is gone
        self._on_detached()


class Requests:
    """The link for requests."""

    def __init__(
        self,
        answer: Callable[[Message], Response],
        *,
        responder: Callable[[], Responder | None],
    ) -> None:
        self._answer = answer
        self._responder = responder

    def delivered(self, delivery: Delivery) -> p.Outcome:
        responder = self._responder()
        if responder is None:
            raise AmqpError(NOT_ALLOWED, "There is no link to send the answer on.")
        request = decode_message(delivery.payload)
        responder.respond(self._answer(request), to=request)
        return p.Accepted()

    def detached(self, *, orderly: bool) -> None:
        """Does nothing: the answers have their own link."""

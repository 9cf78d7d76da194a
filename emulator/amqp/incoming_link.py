"""Implements a link on which the peer sends: credit, deliveries in parts, and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from emulator.amqp import performatives as p
from emulator.amqp.errors import MESSAGE_SIZE_EXCEEDED, AmqpError, unknown_transaction
from emulator.amqp.links import DEFAULT_MAX_MESSAGE_SIZE, Link, LinkHandler, State
from emulator.amqp.types import DecodeError

if TYPE_CHECKING:
    from emulator.amqp.session import Session

INCOMING_CREDIT = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    tag: bytes
    message_format: int
    payload: bytes


class IncomingHandler(LinkHandler, Protocol):
    def delivered(self, delivery: Delivery) -> p.Outcome: ...


class IncomingLink(Link):
    """A link on which the peer sends. Deliveries are handled as they arrive, so credit need not be
    renewed at once."""

    def __init__(self, session: "Session", attach: p.Attach) -> None:
        super().__init__(session, attach)
        self.receiver: IncomingHandler | None = None
        self._max_message_size = DEFAULT_MAX_MESSAGE_SIZE
        self._first: p.Transfer | None = None
        self._payload = bytearray()
        self._size = 0
        self._delivery_count = int(attach.initial_delivery_count or 0)
        self._credit = 0

    @property
    def handler(self) -> LinkHandler | None:
        return self.receiver

    def accept(
        self,
        *,
        source: p.Source | None = None,
        target: p.Target | None = None,
        properties: Mapping[str, Any] | None = None,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        self._max_message_size = max_message_size
        super().accept(
            source=source,
            target=target,
            properties=properties,
            max_message_size=max_message_size,
        )
        self._grant()

    def transfer(self, transfer: p.Transfer, payload: bytes) -> None:
        if self.state is not State.ATTACHED:
            return
        if isinstance(transfer.state, p.TransactionalState):
            raise unknown_transaction()
        first = self._first = self._first or transfer
        if first.delivery_id is None:
            raise DecodeError("first transfer of a delivery without a delivery-id")
        self._size += len(payload)
        if self._size <= self._max_message_size:
            self._payload += payload
        if transfer.aborted:
            self._restart()
        elif not transfer.more:
            outcome = self._outcome(first)
            if not (first.settled or transfer.settled):
                self.session.write(
                    p.Disposition(role=True, first=first.delivery_id, settled=True, state=outcome)
                )
            self._restart()
            self._count()

    def _outcome(self, first: p.Transfer) -> p.Outcome:
        if self._size > self._max_message_size:
            error = AmqpError(
                MESSAGE_SIZE_EXCEEDED,
                f"The message has {self._size} bytes; {self._max_message_size} are allowed.",
            )
            return p.Rejected(error.wire)
        if self.receiver is None:
            return p.Released()
        return self.receiver.delivered(
            Delivery(
                tag=first.delivery_tag or b"",
                message_format=first.message_format or 0,
                payload=bytes(self._payload),
            )
        )

    def _restart(self) -> None:
        self._first = None
        self._payload = bytearray()
        self._size = 0

    def _count(self) -> None:
        self._delivery_count += 1
        self._credit -= 1
        if self._credit < INCOMING_CREDIT // 2:
            self._grant()

    def _grant(self) -> None:
        self._credit = INCOMING_CREDIT
        self.session.write(
            self.session.flow_frame(
                self.attach.handle, delivery_count=self._delivery_count, credit=self._credit
            )
        )

    def flow(self, flow: p.Flow) -> None:
        if flow.delivery_count is not None:
            self._delivery_count = int(flow.delivery_count)
        if flow.echo:
            self._grant()

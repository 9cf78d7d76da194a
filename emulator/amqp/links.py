"""Implements the server side of links: one-way streams of deliveries inside a session.

The layer above gives each link a handler when the peer attaches it, and accepts the attach at once
or later.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

from emulator.amqp import performatives as p
from emulator.amqp.errors import MESSAGE_SIZE_EXCEEDED, AmqpError, unknown_transaction
from emulator.amqp.types import DecodeError, Symbol, UInt, ULong

if TYPE_CHECKING:
    from emulator.amqp.session import Session

INCOMING_CREDIT = 1000
DEFAULT_MAX_MESSAGE_SIZE = 262144


@dataclass(frozen=True, slots=True)
class Delivery:
    tag: bytes
    message_format: int
    payload: bytes


class LinkHandler(Protocol):
    """Receives the events of its link. An AmqpError that it raises fails the link with that
    error."""

    def detached(self, *, orderly: bool) -> None:
        """The peer closed the link (orderly), its connection is lost, or the link failed. Not
        called for a link that the handler closed."""
        ...


class IncomingHandler(LinkHandler, Protocol):
    def delivered(self, delivery: Delivery) -> p.Outcome: ...


class OutgoingHandler(LinkHandler, Protocol):
    def writable(self) -> None:
        """Called when there may be credit and room to send."""
        ...

    def settled(self, tag: bytes, outcome: p.Outcome) -> p.Outcome:
        """Handles the peer's outcome for a delivery. Returns the outcome to send back."""
        ...


class State(Enum):
    ATTACHING = auto()
    ATTACHED = auto()
    DETACHED = auto()


class Link(ABC):
    def __init__(self, session: "Session", attach: p.Attach) -> None:
        self.session = session
        self.name = attach.name
        self.attach = attach
        self.state = State.ATTACHING

    @property
    @abstractmethod
    def handler(self) -> LinkHandler | None: ...

    @abstractmethod
    def flow(self, flow: p.Flow) -> None: ...

    def accept(
        self,
        *,
        source: p.Source | None = None,
        target: p.Target | None = None,
        properties: Mapping[str, Any] | None = None,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        """Answers the attach. By default, source and target are the peer's own."""
        attach = self.attach
        self.state = State.ATTACHED
        self.session.write(
            attach._replace(
                role=not attach.role,
                source=source or attach.source or p.Source(),
                target=target or attach.target or p.Target(),
                unsettled=None,
                incomplete_unsettled=None,
                initial_delivery_count=UInt(0),
                max_message_size=ULong(max_message_size),
                offered_capabilities=None,
                desired_capabilities=None,
                properties={Symbol(key): value for key, value in (properties or {}).items()},
            )
        )

    def close(self, error: AmqpError) -> None:
        """Refuses an attach that has no answer yet, or closes the link."""
        if self.state is State.DETACHED:
            return
        if self.state is State.ATTACHING:
            # A null terminus announces that a detach follows (2.6.3).
            self.session.write(
                self.attach._replace(
                    role=not self.attach.role,
                    source=None,
                    target=None,
                    unsettled=None,
                    initial_delivery_count=UInt(0),
                    properties=None,
                )
            )
        self.state = State.DETACHED
        self.session.write(p.Detach(self.attach.handle, closed=True, error=error.wire))

    def fail(self, error: AmqpError) -> None:
        """Closes the link with an error that its handler did not choose."""
        was = self.state
        self.close(error)
        if was is not State.DETACHED and self.handler is not None:
            self.handler.detached(orderly=False)

    def peer_detached(self) -> None:
        was, self.state = self.state, State.DETACHED
        if was is State.DETACHED:
            return
        if was is State.ATTACHED:
            self.session.write(p.Detach(self.attach.handle, closed=True))
        if self.handler is not None:
            self.handler.detached(orderly=True)

    def lost(self, *, orderly: bool) -> None:
        """The session or connection of the link has ended."""
        was, self.state = self.state, State.DETACHED
        if was is not State.DETACHED and self.handler is not None:
            self.handler.detached(orderly=orderly)


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


class OutgoingLink(Link):
    """A link on which the peer receives. The handler sends while `sendable`."""

    def __init__(self, session: "Session", attach: p.Attach) -> None:
        super().__init__(session, attach)
        self.sender: OutgoingHandler | None = None
        self._delivery_count = 0
        self._credit = 0

    @property
    def handler(self) -> LinkHandler | None:
        return self.sender

    @property
    def sendable(self) -> bool:
        return self.state is State.ATTACHED and self._credit > 0 and self.session.has_room

    def contain(self, step: Callable[[], None]) -> None:
        """Runs work that another connection caused; a fault in it ends this connection."""
        self.session.connection.contain(step)

    def send(self, payload: bytes, *, tag: bytes, settled: bool) -> None:
        self._credit -= 1
        self._delivery_count += 1
        self.session.send(self, payload, tag=tag, settled=settled)

    def flow(self, flow: p.Flow) -> None:
        if flow.link_credit is not None:
            theirs = int(flow.delivery_count or 0)
            self._credit = theirs + int(flow.link_credit) - self._delivery_count
        self.writable()
        if flow.drain and self.state is State.ATTACHED:
            self._delivery_count += max(self._credit, 0)
            self._credit = 0
        if flow.drain or flow.echo:
            self.session.write(
                self.session.flow_frame(
                    self.attach.handle,
                    delivery_count=self._delivery_count,
                    credit=max(self._credit, 0),
                    drain=flow.drain,
                )
            )

    def writable(self) -> None:
        if self.sender is not None and self.sendable:
            self.sender.writable()

"""Implements a link on which the peer receives: credit, sending, and the outcomes of the peer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from emulator.amqp import performatives as p
from emulator.amqp.links import Link, LinkHandler, State

if TYPE_CHECKING:
    from emulator.amqp.session import Session


class OutgoingHandler(LinkHandler, Protocol):
    def writable(self) -> None:
        """Called when there may be credit and room to send."""
        ...

    def settled(self, tag: bytes, outcome: p.Outcome) -> p.Outcome:
        """Handles the peer's outcome for a delivery. Returns the outcome to send back."""
        ...


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

"""Implements the server side of links: one-way streams of deliveries inside a session.

The layer above gives each link a handler when the peer attaches it, and accepts the attach at once
or later.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

from emulator.amqp import performatives as p
from emulator.amqp.errors import AmqpError
from emulator.amqp.types import Symbol, UInt, ULong

if TYPE_CHECKING:
    from emulator.amqp.session import Session

DEFAULT_MAX_MESSAGE_SIZE = 262144


class LinkHandler(Protocol):
    """Receives the events of its link. An AmqpError that it raises fails the link with that
    error."""

    def detached(self, *, orderly: bool) -> None:
        """The peer closed the link (orderly), its connection is lost, or the link failed. Not
        called for a link that the handler closed."""
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

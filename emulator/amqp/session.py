"""Implements a session: it routes frames to links and keeps the windows and the unsettled
deliveries."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from emulator.amqp import performatives as p
from emulator.amqp.errors import (
    NOT_IMPLEMENTED,
    RESOURCE_LIMIT_EXCEEDED,
    AmqpError,
    unknown_transaction,
)
from emulator.amqp.incoming_link import IncomingLink
from emulator.amqp.links import Link
from emulator.amqp.outgoing_link import OutgoingLink
from emulator.amqp.types import DecodeError, UInt, UShort

if TYPE_CHECKING:
    from emulator.amqp.connection import Connection

HANDLE_MAX = 4999
"""Clients that open all their links in one session reach as many as clients with one link per
session."""
# Deliveries are handled as they arrive, so the window never needs to stop a peer.
INCOMING_WINDOW = UInt(2**31 - 1)
OUTGOING_WINDOW = UInt(2**31 - 1)
MAX_UNSETTLED = 5000
MAX_LINKS = 5000
"""Maximum number of links of one connection over all its sessions, because links cost memory."""
# Size of a transfer frame without its payload, with the 32-byte tag that AMQP allows.
TRANSFER_OVERHEAD = 128


class Session:
    def __init__(self, connection: "Connection", channel: int, begin: p.Begin) -> None:
        self.connection = connection
        self._channel = channel
        self._links: dict[int, Link] = {}
        self._next_incoming_id = int(begin.next_outgoing_id)
        self._next_outgoing_id = 0
        self._remote_window = int(begin.incoming_window)
        self._next_delivery_id = 0
        self._unsettled: dict[int, tuple[OutgoingLink, bytes]] = {}
        # Frames of deliveries that have begun and for which the peer's window has no room.
        self._waiting: deque[tuple[p.Transfer, bytes]] = deque()
        self.write(
            p.Begin(UShort(channel), UInt(0), INCOMING_WINDOW, OUTGOING_WINDOW, UInt(HANDLE_MAX))
        )

    @property
    def has_room(self) -> bool:
        return (
            not self._waiting
            and self.connection.writable
            and self._remote_window > 0
            and len(self._unsettled) < MAX_UNSETTLED
        )

    def write(self, performative: Any, payload: bytes = b"") -> None:
        self.connection.write(self._channel, performative, payload)

    def handle(self, performative: Any, payload: bytes) -> None:
        match performative:
            case p.Transfer():
                self._next_incoming_id += 1
                link = self._link(performative.handle)
                if not isinstance(link, IncomingLink):
                    raise DecodeError("transfer on a link that only sends to the peer")
                self._guarded(link, partial(link.transfer, performative, payload))
            case p.Disposition():
                self._disposition(performative)
            case p.Flow():
                self._flow(performative)
            case p.Attach():
                self._attach(performative)
            case p.Detach():
                link = self._link(performative.handle)
                del self._links[performative.handle]
                self.connection.links -= 1
                self._forget(link)
                link.peer_detached()
            case _:
                raise DecodeError(f"{type(performative).__name__} inside a session")

    def _link(self, handle: int) -> Link:
        try:
            return self._links[handle]
        except KeyError:
            raise DecodeError(f"no link has handle {handle}") from None

    def _guarded(self, link: Link, step: Callable[[], None]) -> None:
        try:
            step()
        except AmqpError as error:
            self._fail(link, error)

    def _fail(self, link: Link, error: AmqpError) -> None:
        """Ends the link; the session and the connection continue."""
        self._forget(link)
        link.fail(error)

    def _attach(self, attach: p.Attach) -> None:
        if attach.handle > HANDLE_MAX or attach.handle in self._links:
            raise DecodeError(f"handle {attach.handle} is in use or too high")
        link = OutgoingLink(self, attach) if attach.role else IncomingLink(self, attach)
        self._links[attach.handle] = link
        self.connection.links += 1
        self._guarded(link, partial(self._offer, link))

    def _offer(self, link: Link) -> None:
        if self.connection.links > MAX_LINKS:
            raise AmqpError(RESOURCE_LIMIT_EXCEEDED, f"A connection has at most {MAX_LINKS} links.")
        if isinstance(link.attach.target, p.Coordinator):
            raise AmqpError(NOT_IMPLEMENTED, "Transactions are not emulated.")
        service = self.connection.service
        if isinstance(link, OutgoingLink):
            service.attach_outgoing(link)
        elif isinstance(link, IncomingLink):
            service.attach_incoming(link)

    def _flow(self, flow: p.Flow) -> None:
        seen = int(flow.next_incoming_id or 0)
        self._remote_window = seen + int(flow.incoming_window) - self._next_outgoing_id
        self._flush()
        if flow.handle is not None:
            link = self._link(flow.handle)
            self._guarded(link, lambda: link.flow(flow))
        else:
            self.resume()
            if flow.echo:
                self.write(self.flow_frame())

    def _disposition(self, disposition: p.Disposition) -> None:
        if not disposition.role:
            return  # the peer settles what it sent; the server stores nothing for that
        state = disposition.state
        if state is None or isinstance(state, p.Received):
            return
        first, last = int(disposition.first), int(disposition.last or disposition.first)
        # The peer chose the range, so iterate over the known deliveries, however wide it is.
        known = (
            range(first, last + 1)
            if last - first < len(self._unsettled)
            else [number for number in self._unsettled if first <= number <= last]
        )
        for number in known:
            if number in self._unsettled:
                link, tag = self._unsettled.pop(number)
                if isinstance(state, p.TransactionalState):
                    self._fail(link, unknown_transaction())
                    continue
                echo = link.sender.settled(tag, state) if link.sender else None
                if not disposition.settled:
                    self.write(
                        p.Disposition(role=False, first=UInt(number), settled=True, state=echo)
                    )
        self.resume()

    def resume(self) -> None:
        """Lets every link with credit continue, because there may be room again."""
        if self._waiting:
            self._flush()
        for link in list(self._links.values()):
            if isinstance(link, OutgoingLink):
                link.writable()

    def send(self, link: OutgoingLink, payload: bytes, *, tag: bytes, settled: bool) -> None:
        number = self._next_delivery_id
        self._next_delivery_id += 1
        if not settled:
            self._unsettled[number] = (link, tag)
        handle, size = link.attach.handle, self.connection.max_payload
        more = len(payload) > size
        first = p.Transfer(handle, UInt(number), tag, UInt(0), settled, more)
        self._waiting.append((first, payload[:size]))
        for start in range(size, len(payload), size):
            more = start + size < len(payload)
            following = p.Transfer(handle, settled=settled, more=more)
            self._waiting.append((following, payload[start : start + size]))
        self._flush()

    def _flush(self) -> None:
        while self._waiting and self._remote_window > 0:
            self._remote_window -= 1
            self._next_outgoing_id += 1
            self.write(*self._waiting.popleft())

    def flow_frame(
        self,
        handle: UInt | None = None,
        *,
        delivery_count: int | None = None,
        credit: int | None = None,
        drain: bool = False,
    ) -> p.Flow:
        return p.Flow(
            next_incoming_id=_serial(self._next_incoming_id),
            incoming_window=INCOMING_WINDOW,
            next_outgoing_id=_serial(self._next_outgoing_id),
            outgoing_window=OUTGOING_WINDOW,
            handle=handle,
            delivery_count=None if delivery_count is None else _serial(delivery_count),
            link_credit=None if credit is None else UInt(credit),
            drain=drain,
        )

    def _forget(self, link: Link) -> None:
        """Forgets a closed link. Its unsettled deliveries stay unsettled; the layer above decides
        about them."""
        gone = [number for number, (owner, _) in self._unsettled.items() if owner is link]
        for number in gone:
            del self._unsettled[number]

    def lost(self, *, orderly: bool) -> None:
        links = list(self._links.values())
        self._links.clear()
        self.connection.links -= len(links)
        self._unsettled.clear()
        self._waiting.clear()
        for link in links:
            link.lost(orderly=orderly)


def _serial(number: int) -> UInt:
    """Returns a sequence number. Numbers wrap after 2^32 - 1 (2.8.10), and the peer may start just
    below."""
    return UInt(number % 2**32)

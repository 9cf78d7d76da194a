"""A hand-written AMQP peer, and a service behind the engine that records what it hears."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from emulator.amqp import performatives as p
from emulator.amqp.connection import Connection
from emulator.amqp.errors import AmqpError
from emulator.amqp.frames import AMQP_HEADER, decode_frame, encode_frame
from emulator.amqp.incoming_link import Delivery, IncomingLink
from emulator.amqp.messages import Message, decode_message
from emulator.amqp.outgoing_link import OutgoingLink
from emulator.amqp.types import UInt

T = TypeVar("T")
PATIENCE = 5


class Recorder:
    """A service that keeps what happens, and does to its links what a test tells it."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.settlements: list[tuple[bytes, p.Outcome]] = []
        self.detachments: list[bool] = []
        self.left = asyncio.Event()
        self.outbox: list[bytes] = []
        self.defer_accept = False
        self.outgoing: OutgoingLink | None = None

    def attach_incoming(self, link: IncomingLink) -> None:
        if link.name == "refused":
            raise AmqpError("amqp:not-found", "no such thing")
        link.receiver = self
        link.accept(max_message_size=1000)

    def attach_outgoing(self, link: OutgoingLink) -> None:
        self.outgoing = link
        link.sender = self
        if not self.defer_accept:
            link.accept()

    def delivered(self, delivery: Delivery) -> p.Outcome:
        if delivery.payload == b"bug":
            raise RuntimeError("a bug of ours")
        self.deliveries.append(delivery)
        return p.Accepted()

    def writable(self) -> None:
        while self.outgoing and self.outgoing.sendable and self.outbox:
            payload = self.outbox.pop(0)
            self.outgoing.send(payload, tag=payload[:8], settled=False)

    def settled(self, tag: bytes, outcome: p.Outcome) -> p.Outcome:
        self.settlements.append((tag, outcome))
        return outcome

    def detached(self, *, orderly: bool) -> None:
        self.detachments.append(orderly)
        self.left.set()


class Peer:
    """A client that says exactly what a test makes it say."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.payload = b""
        self.channel = 0
        """Of the frame heard last."""

    def say(self, performative: Any, payload: bytes = b"", *, channel: int = 1) -> None:
        self.writer.write(encode_frame(channel, performative, payload))

    @property
    def message(self) -> Message:
        """In the transfer heard last."""
        return decode_message(self.payload)

    async def raw(self, size: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(size), PATIENCE)

    async def hear(self, kind: type[T]) -> T:
        """The next frame, which must be of this kind."""
        head = await self.raw(4)
        frame = decode_frame(head + await self.raw(int.from_bytes(head) - 4))
        assert isinstance(frame.performative, kind)
        self.payload, self.channel = frame.payload, frame.channel
        return frame.performative

    async def hear_the_end(self) -> bytes:
        return await asyncio.wait_for(self._reader.read(), PATIENCE)

    async def open(self, **options: Any) -> None:
        self.writer.write(AMQP_HEADER)
        self.say(p.Open("peer", **options), channel=0)
        assert await self.raw(8) == AMQP_HEADER
        await self.hear(p.Open)

    async def begin(self, *, window: int = 100) -> None:
        self.say(p.Begin(None, UInt(0), UInt(window), UInt(100)))
        assert (await self.hear(p.Begin)).remote_channel == 1

    def attach(self, *, role: bool, name: str = "link") -> None:
        attach = p.Attach(name, UInt(0), role, initial_delivery_count=UInt(0))
        self.say(attach._replace(source=p.Source("q"), target=p.Target("q")))

    def flow(self, *, credit: int, count: int = 0, seen: int = 0, **more: Any) -> None:
        window = more.pop("window", 100)
        told = p.Flow(UInt(seen), UInt(window), UInt(0), UInt(100), UInt(0), UInt(count))
        self.say(told._replace(link_credit=UInt(credit), **more))


@asynccontextmanager
async def dialed(port: int) -> AsyncIterator[Peer]:
    """On a connection to a server of this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def connected(service: Recorder) -> AsyncIterator[Peer]:
    connections: set[Connection] = set()

    def connect() -> Connection:
        connection = Connection(name="server", service=service, on_lost=connections.discard)
        connections.add(connection)
        return connection

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    async with dialed(server.sockets[0].getsockname()[1]) as peer:
        yield peer
    for connection in list(connections):
        connection.abort()
    server.close()


async def sending(peer: Peer) -> None:
    """The peer has opened a link on which it sends."""
    await peer.open()
    await peer.begin()
    peer.attach(role=False)
    await peer.hear(p.Attach)
    assert (await peer.hear(p.Flow)).link_credit


async def receiving(peer: Peer, *, window: int = 100) -> None:
    await peer.open(max_frame_size=UInt(512))
    await peer.begin(window=window)
    peer.attach(role=True)
    await peer.hear(p.Attach)

"""The engine against a hand-written peer over a real socket: order of frames, credit, errors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import pytest

from emulator.amqp import performatives as p
from emulator.amqp.connection import MAX_FRAME_SIZE, Connection
from emulator.amqp.errors import AmqpError
from emulator.amqp.frames import AMQP_HEADER, EMPTY_FRAME, SASL_HEADER, decode_frame, encode_frame
from emulator.amqp.links import Delivery, IncomingLink, OutgoingLink
from emulator.amqp.types import Symbol, UInt

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

    def say(self, performative: Any, payload: bytes = b"", *, channel: int = 1) -> None:
        self.writer.write(encode_frame(channel, performative, payload))

    async def raw(self, size: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(size), PATIENCE)

    async def hear(self, kind: type[T]) -> T:
        """The next frame, which must be of this kind."""
        head = await self.raw(4)
        frame = decode_frame(head + await self.raw(int.from_bytes(head) - 4))
        assert isinstance(frame.performative, kind)
        self.payload = frame.payload
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


@pytest.fixture
def service() -> Recorder:
    return Recorder()


@pytest.fixture
async def peer(service: Recorder) -> AsyncIterator[Peer]:
    connections: set[Connection] = set()

    def connect() -> Connection:
        connection = Connection(name="server", service=service, on_lost=connections.discard)
        connections.add(connection)
        return connection

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Peer(reader, writer)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
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


async def test_sasl_goes_before_amqp(peer: Peer) -> None:
    peer.writer.write(SASL_HEADER)
    assert await peer.raw(8) == SASL_HEADER
    assert Symbol("ANONYMOUS") in (await peer.hear(p.SaslMechanisms)).mechanisms

    peer.writer.write(encode_frame(0, p.SaslInit(Symbol("ANONYMOUS")), sasl=True))

    assert (await peer.hear(p.SaslOutcome)).code == 0
    await peer.open()


async def test_another_protocol_is_told_ours_and_hung_up_on(peer: Peer) -> None:
    peer.writer.write(b"GET / HTTP/1.1\r\n\r\n")

    assert await peer.hear_the_end() == AMQP_HEADER


async def test_a_message_in_several_frames_arrives_whole_and_is_accepted(
    peer: Peer, service: Recorder
) -> None:
    await sending(peer)

    peer.say(p.Transfer(UInt(0), UInt(7), b"t", UInt(0), more=True), b"one ")
    peer.say(p.Transfer(UInt(0), more=True), b"two ")
    peer.say(p.Transfer(UInt(0)), b"three")

    told = await peer.hear(p.Disposition)
    assert (told.first, told.settled, told.state) == (7, True, p.Accepted())
    assert service.deliveries == [Delivery(b"t", 0, b"one two three")]


async def test_delivery_ids_need_not_be_in_sequence(peer: Peer, service: Recorder) -> None:
    await sending(peer)

    for number in (5, 3, 9):
        peer.say(p.Transfer(UInt(0), UInt(number), b"t"), b"x")

    assert [(await peer.hear(p.Disposition)).first for _ in range(3)] == [5, 3, 9]


async def test_an_aborted_delivery_is_forgotten(peer: Peer, service: Recorder) -> None:
    await sending(peer)

    peer.say(p.Transfer(UInt(0), UInt(1), b"t", more=True), b"half")
    peer.say(p.Transfer(UInt(0), aborted=True))
    peer.say(p.Transfer(UInt(0), UInt(2), b"t"), b"whole")

    assert (await peer.hear(p.Disposition)).first == 2
    assert [delivery.payload for delivery in service.deliveries] == [b"whole"]


async def test_a_message_that_is_too_large_is_rejected_and_not_kept(
    peer: Peer, service: Recorder
) -> None:
    await sending(peer)

    peer.say(p.Transfer(UInt(0), UInt(1), b"t", more=True), b"x" * 900)
    peer.say(p.Transfer(UInt(0)), b"x" * 101)
    peer.say(p.Transfer(UInt(0), UInt(2), b"t"), b"x" * 1000)

    refused, taken = await peer.hear(p.Disposition), await peer.hear(p.Disposition)
    assert isinstance(refused.state, p.Rejected)
    assert refused.state.error is not None
    assert refused.state.error.condition == "amqp:link:message-size-exceeded"
    assert taken.state == p.Accepted()
    assert len(service.deliveries) == 1


async def test_a_refused_link_is_attached_to_nothing_and_detached(peer: Peer) -> None:
    await peer.open()
    await peer.begin()

    peer.attach(role=False, name="refused")

    attach = await peer.hear(p.Attach)
    assert (attach.source, attach.target) == (None, None)
    error = (await peer.hear(p.Detach)).error
    assert error == p.Error(Symbol("amqp:not-found"), "no such thing", {})


async def test_an_attach_may_be_answered_later(peer: Peer, service: Recorder) -> None:
    service.defer_accept = True
    await peer.open()
    await peer.begin()
    peer.attach(role=True)
    peer.say(p.Begin(None, UInt(0), UInt(1), UInt(1)), channel=2)
    await peer.hear(p.Begin)

    assert service.outgoing is not None
    service.outgoing.accept()

    await peer.hear(p.Attach)


async def test_deliveries_stop_where_the_credit_ends(peer: Peer, service: Recorder) -> None:
    service.outbox = [b"a", b"b", b"c"]
    await receiving(peer)

    peer.flow(credit=2)
    first, second = await peer.hear(p.Transfer), await peer.hear(p.Transfer)
    assert service.outbox == [b"c"]
    peer.flow(credit=1, count=2, seen=2)

    assert [first.delivery_id, second.delivery_id] == [0, 1]
    assert (await peer.hear(p.Transfer)).delivery_tag == b"c"


async def test_a_large_delivery_is_cut_to_the_frame_size_and_waits_for_the_window(
    peer: Peer, service: Recorder
) -> None:
    service.outbox = [b"x" * 1000]
    await receiving(peer, window=2)

    peer.flow(credit=1, window=2)
    received = b""
    for _ in range(2):
        assert (await peer.hear(p.Transfer)).more
        received += peer.payload
    peer.flow(credit=0, count=1, seen=2)
    last = await peer.hear(p.Transfer)

    assert received + peer.payload == b"x" * 1000
    assert not last.more


async def test_drain_uses_up_the_credit_and_says_so(peer: Peer, service: Recorder) -> None:
    service.outbox = [b"a"]
    await receiving(peer)

    peer.flow(credit=10, drain=True)

    await peer.hear(p.Transfer)
    told = await peer.hear(p.Flow)
    assert (told.link_credit, told.delivery_count, told.drain) == (0, 10, True)


async def test_a_settlement_is_echoed_for_every_delivery_of_its_range(
    peer: Peer, service: Recorder
) -> None:
    service.outbox = [b"a", b"b"]
    await receiving(peer)
    peer.flow(credit=2)
    await peer.hear(p.Transfer)
    await peer.hear(p.Transfer)

    peer.say(p.Disposition(role=True, first=UInt(0), last=UInt(2**32 - 1), state=p.Released()))

    echoes = [await peer.hear(p.Disposition) for _ in range(2)]
    assert [(echo.first, echo.settled, echo.role) for echo in echoes] == [
        (0, True, False),
        (1, True, False),
    ]
    assert service.settlements == [(b"a", p.Released()), (b"b", p.Released())]


@pytest.mark.parametrize(
    ("goodbye", "orderly"),
    [
        (p.Detach(UInt(0), closed=True), True),
        (p.End(), True),
        (p.Close(), True),
        (None, False),
    ],
    ids=["detach", "end", "close", "cut"],
)
async def test_a_link_hears_whether_its_peer_left_in_order(
    peer: Peer, service: Recorder, goodbye: Any, *, orderly: bool
) -> None:
    await sending(peer)

    if goodbye is None:
        peer.writer.transport.abort()
    else:
        peer.say(goodbye, channel=0 if isinstance(goodbye, p.Close) else 1)

    await asyncio.wait_for(service.left.wait(), PATIENCE)
    assert service.detachments == [orderly]


async def test_frames_on_an_ended_channel_are_ignored(peer: Peer) -> None:
    await sending(peer)

    peer.say(p.End())
    peer.say(p.Detach(UInt(0), closed=True))
    peer.say(p.Begin(None, UInt(0), UInt(1), UInt(1)))

    await peer.hear(p.End)
    await peer.hear(p.Begin)


BAD_FRAMES = {
    "no performative": b"\x00\x00\x00\x0c\x02\x00\x00\x01\x00\x53\x99\x45",
    "too large": (MAX_FRAME_SIZE + 1).to_bytes(4) + b"\x02\x00\x00\x01",
    "unknown handle": encode_frame(1, p.Detach(UInt(9))),
    "transfer to a receiver": encode_frame(1, p.Transfer(UInt(9), UInt(0), b"t")),
    "second open": encode_frame(0, p.Open("again")),
    "channel in use": encode_frame(1, p.Begin(None, UInt(0), UInt(1), UInt(1))),
}


@pytest.mark.parametrize("bad", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_peer_that_breaks_the_protocol_is_told_and_cut_off(
    peer: Peer, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    await sending(peer)

    peer.writer.write(bad)

    error = (await peer.hear(p.Close)).error
    assert error is not None
    assert error.condition == "amqp:decode-error"
    assert await peer.hear_the_end() == b""
    assert "broke the protocol" in caplog.text


async def test_a_bug_of_ours_ends_the_connection_and_is_logged(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    await sending(peer)

    peer.say(p.Transfer(UInt(0), UInt(0), b"t"), b"bug")

    error = (await peer.hear(p.Close)).error
    assert error is not None
    assert error.condition == "amqp:internal-error"
    assert "a bug of ours" in caplog.text


async def test_a_peer_that_asks_for_heartbeats_gets_them(peer: Peer) -> None:
    await peer.open(idle_time_out=UInt(40))

    assert await peer.raw(16) == EMPTY_FRAME * 2


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 60000


async def test_a_peer_that_does_not_read_stops_getting(peer: Peer, service: Recorder) -> None:
    sent = 0

    def flood() -> None:
        nonlocal sent
        while service.outgoing and service.outgoing.sendable:
            service.outgoing.send(next(payloads), tag=b"t", settled=True)
            sent += 1

    payloads = endless()
    service.writable = flood  # type: ignore[method-assign]  # a sender without end
    await peer.open()
    await peer.begin(window=2**31)
    peer.attach(role=True)
    await peer.hear(p.Attach)

    peer.flow(credit=2**31, window=2**31)
    await peer.hear(p.Transfer)
    paused_at = sent
    for _ in range(paused_at):
        await peer.hear(p.Transfer)

    assert paused_at < 1000
    assert sent > paused_at

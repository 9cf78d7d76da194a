"""The engine's connections against a hand-written peer: handshake, faults, back-pressure."""

from collections.abc import AsyncIterator, Iterator

import pytest

from emulator.amqp import performatives as p
from emulator.amqp.connection import MAX_FRAME_SIZE
from emulator.amqp.frames import AMQP_HEADER, EMPTY_FRAME, SASL_HEADER, encode_frame
from emulator.amqp.types import Symbol, UInt
from tests.unit.emulator.amqp_peer import Peer, Recorder, connected, receiving, sending


@pytest.fixture
def service() -> Recorder:
    return Recorder()


@pytest.fixture
async def peer(service: Recorder) -> AsyncIterator[Peer]:
    async with connected(service) as peer:
        yield peer


async def test_sasl_goes_before_amqp(peer: Peer) -> None:
    peer.writer.write(SASL_HEADER)
    assert await peer.raw(8) == SASL_HEADER
    assert Symbol("ANONYMOUS") in (await peer.hear(p.SaslMechanisms)).mechanisms

    peer.writer.write(encode_frame(0, p.SaslInit(Symbol("ANONYMOUS")), sasl=True))

    assert (await peer.hear(p.SaslOutcome)).code == 0
    await peer.open()


async def test_another_protocol_is_answered_with_ours_and_disconnected(peer: Peer) -> None:
    peer.writer.write(b"GET / HTTP/1.1\r\n\r\n")

    assert await peer.hear_the_end() == AMQP_HEADER


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
async def test_a_peer_that_breaks_the_protocol_gets_an_error_and_is_disconnected(
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


async def test_a_bug_in_work_that_another_connection_caused_ends_the_one_it_was_for(
    peer: Peer, service: Recorder
) -> None:
    await receiving(peer)
    assert service.outgoing is not None

    service.outgoing.contain(lambda: [].clear(1))  # type: ignore[call-arg]  # the bug

    error = (await peer.hear(p.Close)).error
    assert error is not None
    assert error.condition == "amqp:internal-error"

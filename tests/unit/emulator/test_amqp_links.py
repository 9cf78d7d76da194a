"""The engine's links against a hand-written peer: attach, credit, transfer, settlement."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from emulator.amqp import performatives as p
from emulator.amqp.incoming_link import Delivery
from emulator.amqp.types import Symbol, UInt
from tests.unit.emulator.amqp_peer import PATIENCE, Peer, Recorder, connected, receiving, sending


@pytest.fixture
def service() -> Recorder:
    return Recorder()


@pytest.fixture
async def peer(service: Recorder) -> AsyncIterator[Peer]:
    async with connected(service) as peer:
        yield peer


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

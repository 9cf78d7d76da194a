"""How much one connection may have, and where numbers start over."""

from collections.abc import AsyncIterator

import pytest

from emulator.amqp import performatives as p
from emulator.amqp.session import MAX_LINKS
from emulator.amqp.types import UInt
from tests.unit.emulator.amqp_peer import Peer, Recorder, connected

AZURE_CHANNELS = 4999


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with connected(Recorder()) as peer:
        yield peer


def attach(peer: Peer, handle: int, *, channel: int = 1) -> None:
    link = p.Attach(f"{channel}/{handle}", UInt(handle), role=False, target=p.Target("q"))
    peer.say(link, channel=channel)


async def test_a_connection_has_as_many_channels_as_in_azure(peer: Peer) -> None:
    await peer.open()

    for channel in (1, 256, AZURE_CHANNELS):
        peer.say(p.Begin(None, UInt(0), UInt(9), UInt(9)), channel=channel)
        assert (await peer.hear(p.Begin)).remote_channel == channel
        attach(peer, 0, channel=channel)
        await peer.hear(p.Attach)
        await peer.hear(p.Flow)


async def test_a_link_too_many_fails_alone_and_makes_room_when_another_ends(peer: Peer) -> None:
    await peer.open()
    await peer.begin()
    peer.say(p.Begin(None, UInt(0), UInt(9), UInt(9)), channel=2)
    await peer.hear(p.Begin)
    for number in range(MAX_LINKS):
        attach(peer, number // 2, channel=1 + number % 2)
        await peer.hear(p.Attach)
        await peer.hear(p.Flow)

    attach(peer, MAX_LINKS // 2)

    assert (await peer.hear(p.Attach)).target is None
    error = (await peer.hear(p.Detach)).error
    assert error is not None
    assert error.condition == "amqp:resource-limit-exceeded"
    for handle in (MAX_LINKS // 2, 0):
        peer.say(p.Detach(UInt(handle), closed=True))
    await peer.hear(p.Detach)
    attach(peer, 0)
    assert (await peer.hear(p.Attach)).target == p.Target("q")


async def test_sequence_numbers_start_over_after_the_last(peer: Peer) -> None:
    last = UInt(2**32 - 1)
    await peer.open()
    peer.say(p.Begin(None, last, UInt(9), UInt(9)))
    await peer.hear(p.Begin)
    link = p.Attach("l", UInt(0), role=False, target=p.Target("q"), initial_delivery_count=last)
    peer.say(link)
    await peer.hear(p.Attach)
    await peer.hear(p.Flow)
    for _ in range(2):
        peer.say(p.Transfer(UInt(0), UInt(1), b"t"), b"x")
        await peer.hear(p.Disposition)

    peer.say(p.Flow(UInt(0), UInt(9), UInt(1), UInt(9), UInt(0), echo=True))

    told = await peer.hear(p.Flow)
    assert (told.next_incoming_id, told.delivery_count) == (1, 1)

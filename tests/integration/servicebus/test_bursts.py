"""Many links in one moment, as the .NET SDK opens them: a session for each link of a connection."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from emulator.amqp import performatives as p
from emulator.amqp.messages import Message, Properties, encode_message, value_body
from emulator.amqp.types import UInt
from emulator.servicebus import ServiceBusServer
from tests.unit.emulator.amqp_peer import Peer, dialed

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINKS = 300

TOKEN = {"operation": "put-token", "type": "servicebus.windows.net:sastoken", "name": "q"}


async def test_300_links_of_one_connection_opened_in_one_moment_all_receive(
    server: ServiceBusServer,
) -> None:
    async with dialed(server.port) as peer:
        await peer.open()
        tokens(peer)
        for channel in range(2, LINKS + 2):
            peer.say(p.Begin(None, UInt(0), UInt(100), UInt(100)), channel=channel)
            link = p.Attach(f"{channel}", UInt(0), role=True, source=p.Source("plain"))
            peer.say(link, channel=channel)

        answered, attached = await heard(peer)

        assert answered == set(range(LINKS))
        assert attached == set(range(2, LINKS + 2))


async def test_300_connections_in_one_moment_are_all_served(server: ServiceBusServer) -> None:
    async with AsyncExitStack() as stack:
        peers = await asyncio.gather(
            *(stack.enter_async_context(dialed(server.port)) for _ in range(LINKS))
        )

        await asyncio.gather(*(peer.open() for peer in peers))


def tokens(peer: Peer) -> None:
    """All requests before there is credit for a single answer."""
    peer.say(p.Begin(None, UInt(0), UInt(10_000), UInt(10_000)))
    peer.say(p.Attach("requests", UInt(0), role=False, target=p.Target("$cbs")))
    peer.say(p.Attach("answers", UInt(1), role=True, source=p.Source("$cbs")))
    for number in range(LINKS):
        request = Message(
            properties=Properties(message_id=UInt(number)),
            application_properties=TOKEN,
            body=value_body("a token"),
        )
        transfer = p.Transfer(UInt(0), UInt(number), b"%d" % number, UInt(0), settled=True)
        peer.say(transfer, encode_message(request))
    flow = p.Flow(UInt(0), UInt(10_000), UInt(0), UInt(10_000), UInt(1), UInt(0))
    peer.say(flow._replace(link_credit=UInt(LINKS)))


async def heard(peer: Peer) -> tuple[set[int], set[int]]:
    """The requests that were answered, and the channels whose link was attached."""
    answered, attached = set[int](), set[int]()
    while len(answered) < LINKS or len(attached) < LINKS:
        match await peer.hear(tuple):
            case p.Transfer():
                answered.add(peer.message.properties.correlation_id)
            case p.Attach(source=p.Source(address="plain")):
                attached.add(peer.channel)
            case p.Detach() | p.End() | p.Close() as refusal:
                pytest.fail(f"{refusal}")
    return answered, attached

"""No client takes the bus down: whatever it sends, others are served, and nothing stays behind."""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from emulator.amqp import performatives as p
from emulator.amqp.messages import Message, decode_message, encode_message, value_body
from emulator.amqp.types import UInt
from emulator.servicebus import ServiceBusServer
from emulator.servicebus.annotations import to_payload
from tests.integration.servicebus.corpus import Case, generate, read
from tests.unit.emulator.amqp_peer import Peer, dialed

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES = read()
NUMBERS = itertools.count()

AT_MOST = 2.0
"""Seconds that others wait for the bus, on a busy machine."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def witness(server: ServiceBusServer) -> AsyncIterator[Peer]:
    """A client that sends to a queue of its own while others misbehave."""
    async with dialed(server.port) as peer:
        await peer.open()
        await peer.begin()
        peer.say(p.Attach("witness", UInt(0), role=False, target=p.Target("once")))
        await peer.hear(p.Attach)
        await peer.hear(p.Flow)
        yield peer


async def is_served(peer: Peer) -> None:
    number = next(NUMBERS)
    message = encode_message(Message(body=value_body(number)))
    peer.say(p.Transfer(UInt(0), UInt(number), b"t", UInt(0)), message)
    told = await peer.hear(tuple)
    while isinstance(told, p.Flow):
        told = await peer.hear(tuple)
    assert isinstance(told, p.Disposition)
    assert told.state == p.Accepted()


async def say(server: ServiceBusServer, sent: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    return writer


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Without a word."""
    writer.transport.abort()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_the_file_holds_what_the_generator_makes() -> None:
    assert list(generate()) == CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
async def test_a_client_harms_no_other(
    server: ServiceBusServer, witness: Peer, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    faults = list[object]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: faults.append(context))
    began = time.monotonic()

    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(case.sent)
    for _ in range(3):
        await is_served(witness)
    took = time.monotonic() - began
    if case.kind == "valid":
        assert not reader.at_eof()
        assert b"amqp:decode-error" not in bytes(reader._buffer)  # type: ignore[attr-defined]
    await hang_up(writer)
    await is_served(witness)
    loop.set_exception_handler(None)

    assert took < AT_MOST
    assert faults == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_after_all_senders_left_messages_are_delivered_and_nothing_waits(
    server: ServiceBusServer, witness: Peer
) -> None:
    """Also that they may come at the same time."""
    writers = [await say(server, case.sent) for case in CASES]
    for _ in range(3):
        await is_served(witness)
    for writer in writers:
        await hang_up(writer)
    await is_served(witness)

    outlets = list(server._namespace._outlets.values())
    left = [
        decode_message(to_payload(entry))
        for outlet in outlets
        for entry in outlet.queue.peek(start=0, limit=10_000, now=time.time())
    ]
    assert len(left) > len(CASES) // 20
    assert [outlet for outlet in outlets if outlet._consumers or outlet._waiters] == []

"""Properties that whoever settles a message sets on it, as the .NET SDK can and Python's cannot."""

import itertools
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from emulator.amqp import performatives as p
from emulator.amqp.messages import Message, Properties, decode_message, encode_message, value_body
from emulator.amqp.types import Array, Symbol, UInt
from emulator.servicebus import ServiceBusServer
from emulator.servicebus.entities import parse_entities
from tests.unit.emulator.amqp_peer import Peer, dialed

SENT = {"color": "red", "tries": 1}
SET = {Symbol("color"): "blue", Symbol("by"): "the test"}
KEPT = {"color": "blue", "tries": 1, "by": "the test"}

HANDLES = itertools.count(10, 2)

ENTITIES = {"queues": [{"name": "q", "maxDeliveryCount": 2}]}


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    server = ServiceBusServer(parse_entities(ENTITIES))
    await server.start()
    async with dialed(server.port) as peer:
        await peer.open()
        await peer.begin()
        await send(peer)
        yield peer
    await server.stop()


@pytest.mark.parametrize(
    "state",
    [
        p.Modified(delivery_failed=True, message_annotations=SET),
        p.Modified(undeliverable_here=True, message_annotations=SET),
        p.Rejected(p.Error(Symbol("com.microsoft:dead-letter"), None, SET)),
    ],
    ids=["abandoned", "deferred", "dead-lettered"],
)
async def test_properties_are_kept_by_each_way_to_settle(peer: Peer, state: p.Outcome) -> None:
    await receive(peer)

    peer.say(p.Disposition(role=True, first=UInt(0), settled=False, state=state))

    await peer.hear(p.Disposition)
    assert await seen(peer) == KEPT


@pytest.mark.parametrize("status", ["abandoned", "defered", "suspended"])
async def test_properties_are_kept_when_a_request_settles(peer: Peer, status: str) -> None:
    token = await receive(peer)
    body = {"disposition-status": status, "lock-tokens": Array([token])}

    await ask(peer, "q", "update-disposition", {**body, "properties-to-modify": {**SET}})

    assert await seen(peer) == KEPT


async def test_a_message_that_fails_too_often_takes_them_to_its_grave(peer: Peer) -> None:
    state = p.Modified(delivery_failed=True, message_annotations=SET)
    await receive(peer, credit=2)
    peer.say(p.Disposition(role=True, first=UInt(0), settled=False, state=state))
    await peer.hear(p.Disposition)
    await peer.hear(p.Transfer)
    peer.say(p.Disposition(role=True, first=UInt(1), settled=False, state=state))
    await peer.hear(p.Disposition)

    grave = await seen(peer)

    assert {key: grave[key] for key in KEPT} == KEPT
    assert grave["DeadLetterReason"] == "MaxDeliveryCountExceeded"


async def send(peer: Peer) -> None:
    peer.say(p.Attach("sends", UInt(0), role=False, target=p.Target("q")))
    await peer.hear(p.Attach)
    await peer.hear(p.Flow)
    message = Message(application_properties=SENT, body=value_body("x"))
    peer.say(p.Transfer(UInt(0), UInt(0), b"t", UInt(0)), encode_message(message))
    await peer.hear(p.Disposition)


async def receive(peer: Peer, credit: int = 1) -> uuid.UUID:
    """The lock's token."""
    peer.say(p.Attach("receives", UInt(1), role=True, source=p.Source("q")))
    await peer.hear(p.Attach)
    flow = p.Flow(
        UInt(0), UInt(100), UInt(1), UInt(100), UInt(1), UInt(0), link_credit=UInt(credit)
    )
    peer.say(flow)
    transfer = await peer.hear(p.Transfer)
    assert transfer.delivery_tag is not None
    return uuid.UUID(bytes_le=transfer.delivery_tag)


async def seen(peer: Peer) -> dict[str, Any]:
    """The properties of the one message that is in the queue or among its dead letters."""
    body = {"from-sequence-number": 0, "message-count": 9}
    found: list[dict[str, Any]] = []
    for path in ("q", "q/$deadletterqueue"):
        answer = await ask(peer, path, "peek-message", body)
        found += answer["messages"] if answer else []
    [message] = found
    return dict(decode_message(message["message"]).application_properties)


async def ask(peer: Peer, path: str, operation: str, body: dict[str, Any]) -> Any:
    """The body of the answer, on a pair of links of its own."""
    node, first = f"{path}/$management", next(HANDLES)
    requests, answers = UInt(first), UInt(first + 1)
    peer.say(p.Attach(f"{first} out", requests, role=False, target=p.Target(node)))
    peer.say(p.Attach(f"{first} in", answers, role=True, source=p.Source(node)))
    flow = p.Flow(UInt(0), UInt(100), UInt(1), UInt(100), answers, UInt(0), link_credit=UInt(1))
    peer.say(flow)
    request = Message(
        properties=Properties(message_id="ask"),
        application_properties={"operation": f"com.microsoft:{operation}"},
        body=value_body(body),
    )
    peer.say(p.Transfer(requests, UInt(1), b"t", UInt(0), settled=True), encode_message(request))
    while True:
        frame = await peer.hear(tuple)
        if isinstance(frame, p.Transfer) and frame.handle == answers:
            assert peer.message.application_properties["statusCode"] in {200, 204}
            return peer.message.value

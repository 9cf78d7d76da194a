"""Transactions are not emulated: what asks for one fails on its link, and nothing else does."""

from collections.abc import AsyncIterator

import pytest

from emulator.amqp import performatives as p
from emulator.amqp.types import Symbol, UInt
from tests.unit.emulator.amqp_peer import Peer, Recorder, connected, receiving, sending

STATE = p.TransactionalState(b"transaction")


@pytest.fixture
def service() -> Recorder:
    return Recorder()


@pytest.fixture
async def peer(service: Recorder) -> AsyncIterator[Peer]:
    async with connected(service) as peer:
        yield peer


async def another_link_works(peer: Peer) -> None:
    peer.say(p.Attach("other", UInt(7), role=False, target=p.Target("q")))
    assert (await peer.hear(p.Attach)).name == "other"
    await peer.hear(p.Flow)
    peer.say(p.Transfer(UInt(7), UInt(9), b"t"), b"x")
    assert (await peer.hear(p.Disposition)).state == p.Accepted()


async def test_a_link_to_a_coordinator_is_refused(peer: Peer) -> None:
    await peer.open()
    await peer.begin()
    capabilities = Symbol("amqp:local-transactions")

    peer.say(p.Attach("tx", UInt(0), role=False, target=p.Coordinator(capabilities)))

    assert (await peer.hear(p.Attach)).target is None
    error = (await peer.hear(p.Detach)).error
    assert error is not None
    assert error.condition == "amqp:not-implemented"
    await another_link_works(peer)


async def test_a_message_in_a_transaction_ends_its_link(peer: Peer, service: Recorder) -> None:
    await sending(peer)

    peer.say(p.Transfer(UInt(0), UInt(1), b"t", state=STATE), b"x")

    error = (await peer.hear(p.Detach)).error
    assert error is not None
    assert error.condition == "amqp:transaction:unknown-id"
    await another_link_works(peer)
    assert service.detachments == [False]
    assert len(service.deliveries) == 1


async def test_a_settlement_in_a_transaction_ends_its_link(peer: Peer, service: Recorder) -> None:
    service.outbox = [b"a"]
    await receiving(peer)
    peer.flow(credit=1)
    await peer.hear(p.Transfer)

    state = p.TransactionalState(b"transaction", p.Accepted())
    peer.say(p.Disposition(role=True, first=UInt(0), settled=True, state=state))

    error = (await peer.hear(p.Detach)).error
    assert error is not None
    assert error.condition == "amqp:transaction:unknown-id"
    await another_link_works(peer)
    assert service.settlements == []

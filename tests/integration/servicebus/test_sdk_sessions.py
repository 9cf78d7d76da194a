"""The real SDK on a queue with sessions (locks of 2 s)."""

import asyncio
import signal
import sys
import time

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import (
    OperationTimeoutError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from emulator.servicebus import ServiceBusServer
from tests.integration.servicebus.links import both

WAIT = 5
LOCK = 2.0


def message(session: str, text: str) -> ServiceBusMessage:
    return ServiceBusMessage(text, session_id=session)


async def test_a_session_gives_its_own_messages_in_order(client: ServiceBusClient) -> None:
    async with both(
        client.get_queue_sender("sessions"), client.get_queue_receiver("sessions", session_id="s")
    ) as (sender, receiver):
        await sender.send_messages([message("s", "1"), message("t", "x"), message("s", "2")])

        received = await receiver.receive_messages(max_message_count=3, max_wait_time=WAIT)
        for one in received:
            await receiver.complete_message(one)

        assert [str(one) for one in received] == ["1", "2"]


async def test_asking_for_the_next_session_waits_until_one_has_a_message(
    client: ServiceBusClient,
) -> None:
    receiver = client.get_queue_receiver(
        "sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=WAIT
    )
    opening = asyncio.create_task(receiver.__aenter__())
    async with client.get_queue_sender("sessions") as sender:
        assert not opening.done()
        await sender.send_messages(message("late", "1"))

        await opening

        assert receiver.session.session_id == "late"
        await receiver.close()


async def test_when_no_session_comes_in_time_the_sdk_is_told(client: ServiceBusClient) -> None:
    receiver = client.get_queue_receiver(
        "sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
    )

    with pytest.raises(OperationTimeoutError):
        await receiver.receive_messages()


async def test_a_session_closed_in_order_is_free_at_once(client: ServiceBusClient) -> None:
    mine = client.get_queue_receiver("sessions", session_id="s")
    yours = client.get_queue_receiver("sessions", session_id="s")
    async with both(client.get_queue_sender("sessions"), mine) as (sender, _):
        await sender.send_messages(message("s", "1"))
        await mine.receive_messages(max_wait_time=WAIT)
        with pytest.raises(SessionCannotBeLockedError):
            await yours._open()
        await mine.close()

        async with yours:
            (again,) = await yours.receive_messages(max_wait_time=WAIT)
            assert again.delivery_count == 0


async def test_state_is_kept_and_locks_are_renewed(client: ServiceBusClient) -> None:
    async with client.get_queue_receiver("sessions", session_id="s") as receiver:
        locked_until = receiver.session.locked_until_utc
        await receiver.session.set_state(b"half way")

        assert await receiver.session.get_state() == b"half way"
        renewed = await receiver.session.renew_lock()
        assert locked_until is not None
        assert renewed > locked_until


async def test_a_holder_whose_lock_expired_is_told(client: ServiceBusClient) -> None:
    async with client.get_queue_receiver("sessions", session_id="s") as receiver:
        with pytest.raises(SessionLockLostError):
            await receiver.receive_messages(max_wait_time=LOCK + 2)


HOLD_A_SESSION = """
import asyncio, sys
from azure.servicebus.aio import ServiceBusClient

async def main():
    async with ServiceBusClient.from_connection_string(sys.argv[1]) as client:
        async with client.get_queue_receiver("sessions", session_id="s") as receiver:
            await receiver.receive_messages()
            print("held", flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_client_keeps_its_session_until_the_lock_expires(
    client: ServiceBusClient, server: ServiceBusServer
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD_A_SESSION, server.connection_string,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    async with client.get_queue_sender("sessions") as sender:
        await sender.send_messages(message("s", "1"))
    assert await child.stdout.readline() == b"held\n"
    child.send_signal(signal.SIGKILL)
    await child.wait()
    killed = time.monotonic()

    next_session = client.get_queue_receiver(
        "sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=WAIT
    )
    async with next_session:
        waited = time.monotonic() - killed
        (again,) = await next_session.receive_messages(max_wait_time=WAIT)

    assert LOCK / 4 < waited < LOCK + 1
    assert again.delivery_count == 1

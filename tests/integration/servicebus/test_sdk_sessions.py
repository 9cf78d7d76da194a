"""The real SDK on queues with sessions."""

import asyncio
import signal
import sys

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import (
    OperationTimeoutError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from emulator.servicebus import ServiceBusServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT = 5
LOCK = 1.5


def message(session: str, text: str) -> ServiceBusMessage:
    return ServiceBusMessage(text, session_id=session)


async def test_the_sdk_times_out_when_no_session_comes_in_time(client: ServiceBusClient) -> None:
    receiver = client.get_queue_receiver(
        "sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
    )

    with pytest.raises(OperationTimeoutError):
        await receiver.receive_messages()

    await receiver.close()


async def test_asking_for_the_next_session_waits_until_one_has_a_message(
    client: ServiceBusClient, sessions: ServiceBusSender
) -> None:
    receiver = client.get_queue_receiver(
        "sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=WAIT
    )
    receiving = asyncio.create_task(receiver.receive_messages())
    await asyncio.wait([receiving], timeout=0.6)
    assert not receiving.done()

    await sessions.send_messages(message("late", "1"))

    (late,) = await receiving
    assert receiver.session.session_id == "late"
    await receiver.complete_message(late)
    await receiver.close()


async def test_a_session_gives_its_own_messages_in_order_and_can_be_renewed(
    client: ServiceBusClient, sessions: ServiceBusSender
) -> None:
    await sessions.send_messages([message("s", "1"), message("t", "x"), message("s", "2")])

    async with client.get_queue_receiver("sessions", session_id="s") as receiver:
        received = await receiver.receive_messages(max_message_count=3, max_wait_time=WAIT)
        for one in received:
            await receiver.complete_message(one)
        locked_until = receiver.session.locked_until_utc
        assert locked_until is not None
        assert await receiver.session.renew_lock() > locked_until

    assert [str(one) for one in received] == ["1", "2"]


async def test_a_session_closed_in_order_is_free_at_once_and_keeps_its_state(
    client: ServiceBusClient, sessions: ServiceBusSender
) -> None:
    await sessions.send_messages(message("busy", "1"))
    mine, yours = (client.get_queue_receiver("sessions", session_id="busy") for _ in range(2))
    await mine.receive_messages(max_wait_time=WAIT)
    with pytest.raises(SessionCannotBeLockedError):
        await yours.receive_messages(max_wait_time=WAIT)

    await mine.session.set_state(b"half way")

    await mine.close()

    (again,) = await yours.receive_messages(max_wait_time=WAIT)
    await yours.complete_message(again)
    assert await yours.session.get_state() == b"half way"
    await yours.close()
    assert again.delivery_count == 0


async def test_settling_after_the_session_lock_expired_raises(client: ServiceBusClient) -> None:
    receiver = client.get_queue_receiver("brief", session_id="lost")

    with pytest.raises(SessionLockLostError):
        await receiver.receive_messages(max_wait_time=LOCK + 3)

    await receiver.close()


HOLD_A_SESSION = """
import asyncio, sys
from azure.servicebus.aio import ServiceBusClient

async def main():
    async with ServiceBusClient.from_connection_string(sys.argv[1]) as client:
        async with client.get_queue_receiver("brief", session_id="s") as receiver:
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
    sender = client.get_queue_sender("brief")
    await sender.send_messages(message("s", "1"))
    assert await child.stdout.readline() == b"held\n"
    child.send_signal(signal.SIGKILL)
    await child.wait()

    receiver = client.get_queue_receiver(
        "brief", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=WAIT
    )
    (again,) = await receiver.receive_messages()
    await asyncio.gather(sender.close(), receiver.close())

    # A session closed in order would leave the count at 0.
    assert again.delivery_count == 1

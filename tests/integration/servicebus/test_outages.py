"""What happens around the server: outages, dropped and bad clients, the command line."""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

from emulator.servicebus import ServiceBusServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT = 5


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_client_that_talks_garbage_harms_no_other(
    plain: ServiceBusSender, server: ServiceBusServer
) -> None:
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"AMQP\x00\x01\x00\x00" + b"\xff" * 100):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(garbage)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), WAIT)
        await hang_up(writer)

    await plain.send_messages(ServiceBusMessage("x"))

    assert server.stats()["plain"]["active"] == 1


async def test_a_dropped_client_comes_back_by_itself(
    plain: ServiceBusSender, server: ServiceBusServer
) -> None:
    before = server.stats()["plain"]["incoming"]

    await server.drop_connections()

    await plain.send_messages(ServiceBusMessage("two"))
    assert server.stats()["plain"]["incoming"] == before + 1


async def test_messages_outlive_an_outage_on_the_same_port(
    client: ServiceBusClient, plain: ServiceBusSender, server: ServiceBusServer
) -> None:
    port = server.port
    await plain.send_messages(ServiceBusMessage("before"))
    await server.stop()
    with pytest.raises(ServiceBusError):
        await plain.send_messages(ServiceBusMessage("during"))

    await server.start()

    assert server.port == port
    async with client.get_queue_receiver("plain") as receiver:
        messages = await receiver.receive_messages(max_message_count=9, max_wait_time=WAIT)
    assert str(messages[-1]) == "before"


async def test_the_command_line_prints_its_port_and_stops_on_a_signal(tmp_path: Path) -> None:
    entities = tmp_path / "entities.json"
    entities.write_text('{"queues": [{"name": "q"}]}')
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "emulator.servicebus", "--entities", str(entities), "--port", "0",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None

    port = json.loads(await child.stdout.readline())["servicebus"]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    child.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(child.wait(), WAIT) == 0
    await hang_up(writer)

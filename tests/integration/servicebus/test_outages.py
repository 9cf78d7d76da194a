"""What happens around the server: outages, dropped and bad clients, the command line."""

import asyncio
import contextlib
import gc
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

from emulator.servicebus import ServiceBusServer

# The SDK forgets to close the socket of a connection that broke.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:loop is closed:ResourceWarning"),
]

WAIT = 5


@pytest.fixture(scope="module", autouse=True)
def forgotten_sockets_are_found_here() -> Iterator[None]:
    yield
    gc.collect()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(server: ServiceBusServer) -> AsyncIterator[ServiceBusClient]:
    async with ServiceBusClient.from_connection_string(
        server.connection_string, retry_total=2, retry_backoff_factor=0.1
    ) as client:
        yield client


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
    plain: ServiceBusSender, server: ServiceBusServer
) -> None:
    port, before = server.port, server.stats()["plain"]["active"]
    await server.stop()
    with pytest.raises(ServiceBusError):
        await plain.send_messages(ServiceBusMessage("during"))

    await server.start()

    await plain.send_messages(ServiceBusMessage("after"))
    assert server.port == port
    assert server.stats()["plain"]["active"] == before + 1


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

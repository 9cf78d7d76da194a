"""The host outlives whatever happens to the bus."""

from pathlib import Path

import pytest

from tests.integration.functions.bus import Bus
from tests.integration.functions.hosting import APPS, Host, eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # The SDK forgets to close the socket of a connection that broke.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:loop is closed:ResourceWarning"),
]


async def test_messages_flow_again_after_the_connections_were_dropped(bus: Bus, host: Host) -> None:
    for _ in range(2):
        await bus.server.drop_connections()
        sent = await bus.send("plain") + await bus.send("sessions", session="dropped")

        await bus.noted(sent)

    assert host.process.poll() is None


async def test_messages_flow_again_after_an_outage(bus: Bus, host: Host) -> None:
    await bus.server.stop()
    assert (await host.http.get("/admin/host/status")).status_code == 200

    await bus.server.start()
    sent = await bus.send("plain") + await bus.send("sessions", session="after")

    await bus.noted(sent)
    assert host.process.poll() is None


@pytest.mark.parametrize("queue", ["plain", "sessions"])
async def test_a_message_under_way_when_the_connection_drops_is_settled_in_the_end(
    bus: Bus, host: Host, queue: str
) -> None:
    session = "under way" if queue == "sessions" else None
    sent = await bus.send(queue, session=session, seconds=0.5)
    await bus.noted(sent, "begins")

    await bus.server.drop_connections()

    await bus.noted(sent)
    await bus.is_empty(queue)
    assert bus.server.stats()[queue]["dead_lettered"] == 0
    assert host.process.poll() is None


async def test_a_host_waits_for_a_bus_that_is_not_there_yet(bus: Bus, tmp_path: Path) -> None:
    await bus.server.stop()
    async with Host(APPS / "bus", tmp_path / "log", bus.settings) as host:
        await eventually(lambda: "trying again" in host.text)
        status = (await host.http.get("/admin/host/status")).json()

        await bus.server.start()
        await host.runs()
        sent = await bus.send("plain")

        await bus.noted(sent)
        assert status["state"] == "Initializing"

"""The harsh ways of Azure's host, each shown beside the kind variant where there is one."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.integration.functions.bus import Bus
from tests.integration.functions.hosting import APPS, Host, eventually, refused
from tests.support.launching import cold

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # The SDK forgets to close the socket of a connection that broke.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:loop is closed:ResourceWarning"),
]

QUEUES = [("plain", None), ("sessions", "stopped")]

FIRST_DRAW_STALLS, FIRST_DRAW_RECOVERS = "1", "0"
"""Seeds of the host."""


def an_app(folder: Path, timeout: str = "00:01:00", **service_bus: object) -> Path:
    """The functions of apps/bus under another host.json."""
    shutil.copy(APPS / "bus" / "function_app.py", folder)
    document = {"functionTimeout": timeout, "extensions": {"serviceBus": service_bus}}
    (folder / "host.json").write_text(json.dumps(document))
    return folder


def host(bus: Bus, folder: Path, *flags: str, app: Path = APPS / "bus", name: str = "log") -> Host:
    return Host(app, folder / name, bus.settings, flags)


@pytest.mark.parametrize(("queue", "session"), QUEUES)
async def test_a_message_whose_function_succeeds_while_the_host_stops_runs_again(
    fresh_bus: Bus, tmp_path: Path, queue: str, session: str | None
) -> None:
    async with host(fresh_bus, tmp_path) as first:
        await first.runs()
        sent = await fresh_bus.send(queue, session=session, seconds=1)
        await fresh_bus.noted(sent, "begins")
        assert await first.stop() == 0

    assert len(fresh_bus.notes(sent, "ends")) == 1
    assert fresh_bus.server.stats()[queue]["active"] == 1
    async with host(fresh_bus, tmp_path) as second:
        await second.runs()
        again = (await fresh_bus.noted(sent, times=2))[1]
        await fresh_bus.is_empty(queue)

    assert again["delivery"] == 2


@pytest.mark.parametrize(("queue", "session"), QUEUES)
async def test_a_function_that_outlives_the_stop_is_killed_and_its_lock_stays(
    fresh_bus: Bus, tmp_path: Path, queue: str, session: str | None
) -> None:
    async with host(fresh_bus, tmp_path, "--patience=0.2") as first:
        await first.runs()
        sent = await fresh_bus.send(queue, session=session, seconds=60, fail_at=[2])
        await fresh_bus.noted(sent, "begins")

        status = await first.stop()

    assert status == -signal.SIGKILL
    assert fresh_bus.notes(sent, "is cancelled") == []
    assert fresh_bus.server.stats()[queue]["locked"] == 1
    await eventually(lambda: fresh_bus.server.stats()[queue]["active"] == 1)


async def test_a_lenient_host_cancels_a_function_that_outlives_the_stop(
    fresh_bus: Bus, tmp_path: Path
) -> None:
    async with host(fresh_bus, tmp_path, "--patience=0.2", "--host=no-kill-on-stop") as first:
        await first.runs()
        sent = await fresh_bus.send("plain", seconds=60)
        await fresh_bus.noted(sent, "begins")

        status = await first.stop()

    assert status == 0
    assert len(fresh_bus.notes(sent, "is cancelled")) == 1


@pytest.mark.parametrize(
    ("flags", "runs_twice"), [((), True), (("--host=no-renew-from-acceptance",), False)]
)
async def test_a_session_that_stays_busy_is_lost_when_its_renewal_ends(
    fresh_bus: Bus, tmp_path: Path, flags: tuple[str, ...], *, runs_twice: bool
) -> None:
    app = an_app(
        tmp_path,
        maxConcurrentSessions=2,
        maxAutoLockRenewalDuration="00:00:01",
        sessionIdleTimeout="00:00:01",
    )
    async with host(fresh_bus, tmp_path, *flags, app=app) as busy:
        await busy.runs()
        sent = await fresh_bus.send("sessions", session="busy", count=9, seconds=0.6)
        await fresh_bus.noted(sent)
        await fresh_bus.is_empty("sessions")

    deliveries = [note["delivery"] for note in fresh_bus.notes(sent, "begins")]
    assert (2 in deliveries) is runs_twice


@pytest.mark.parametrize(
    ("seed", "stalls"), [(FIRST_DRAW_STALLS, True), (FIRST_DRAW_RECOVERS, False)]
)
async def test_a_slot_whose_link_is_lost_while_its_function_runs_may_stall(
    fresh_bus: Bus, tmp_path: Path, seed: str, *, stalls: bool
) -> None:
    app = an_app(tmp_path, maxConcurrentSessions=1, sessionIdleTimeout="00:00:01")
    flags = ("--host=stall-lost-slots", f"--host-seed={seed}")
    async with host(fresh_bus, tmp_path, *flags, app=app) as first:
        await first.runs()
        cut = await fresh_bus.send("sessions", session="cut", seconds=0.5)
        await fresh_bus.noted(cut, "begins")
        await fresh_bus.server.drop_connections()
        await fresh_bus.noted(cut)
        other = await fresh_bus.send("sessions", session="other")

        if stalls:
            await eventually(lambda: fresh_bus.server.stats()["sessions"]["active"] == 2)
            assert "a slot stands still" in first.text
            await fresh_bus.noted(await fresh_bus.send("plain"))  # slots of queues go on
        else:
            await fresh_bus.noted(cut + other, times=3)
            await fresh_bus.is_empty("sessions")

    if stalls:
        async with host(fresh_bus, tmp_path, app=app, name="second") as second:
            await second.runs()
            await fresh_bus.noted(cut + other, times=3)
            await fresh_bus.is_empty("sessions")


async def test_a_function_that_runs_too_long_ends_with_the_whole_worker_process(
    fresh_bus: Bus, tmp_path: Path
) -> None:
    app = an_app(tmp_path, timeout="00:00:01")
    # A new Python takes the place of the process, which only its parent can wait for.
    async with Host(app, tmp_path / "log", fresh_bus.settings, launch=cold) as first:
        await first.runs()
        sent = await fresh_bus.send("plain", count=2, seconds=1.5)
        await fresh_bus.noted(sent, "begins")

        await eventually(lambda: "another takes its place" in first.text)

        begins = await fresh_bus.noted(sent, "begins", times=4)
        await first.runs()
        assert first.process.poll() is None
        assert sorted(note["delivery"] for note in begins) == [1, 1, 2, 2]
        assert fresh_bus.notes(sent, "ends") == []
        assert fresh_bus.notes(sent, "is cancelled") == []


async def test_a_lenient_host_lets_a_function_run_on(fresh_bus: Bus, tmp_path: Path) -> None:
    app = an_app(tmp_path, timeout="00:00:01")
    async with host(fresh_bus, tmp_path, "--host=no-enforce-timeout", app=app) as first:
        await first.runs()
        sent = await fresh_bus.send("plain", seconds=1.5)

        await fresh_bus.noted(sent)
        await fresh_bus.is_empty("plain")


async def test_a_function_that_raises_gets_its_ten_deliveries_without_a_pause(
    fresh_bus: Bus, tmp_path: Path
) -> None:
    settings = {**fresh_bus.settings, "QUEUE": "ten"}
    async with Host(APPS / "bus", tmp_path / "log", settings) as first:
        await first.runs()
        sent = await fresh_bus.send("ten", fail_at=list(range(1, 11)))
        begins = await fresh_bus.noted(sent, "begins", times=10)
        await eventually(lambda: fresh_bus.server.stats()["ten"]["dead_lettered"] == 1)

    assert begins[-1]["at"] - begins[0]["at"] < 1.0


async def test_an_unknown_way_is_refused_in_one_line(tmp_path: Path) -> None:
    [line] = refused(tmp_path / "log", APPS / "bus", "--host=gentle")

    assert line.startswith("--host gentle: unknown; one of strict, lenient, abandon-on-stop")

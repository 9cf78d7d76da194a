"""How the host starts, refuses to start, and ends."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.integration.functions.bus import Bus
from tests.integration.functions.hosting import (
    APPS,
    PATIENCE,
    Host,
    arguments,
    eventually,
    refused,
)
from tests.support.launching import HOST, ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST_JSON = '{"version": "2.0"}'

IMPORTS = "import azure.functions as func\napp = func.FunctionApp()\n"
TIMER = "@app.timer_trigger(arg_name='t', schedule='{schedule}')\ndef tick({parameters}): ...\n"
QUEUE = (
    "@app.service_bus_queue_trigger(arg_name='m', queue_name='{queue}', connection='Bus'{more})\n"
)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "import nothing_of_that_name",
            "No module named 'nothing_of_that_name' (function_app.py, line 1)",
        ),
        ("", "it must have one"),
        (IMPORTS, "registers no functions"),
        (IMPORTS + TIMER.format(schedule="60 * * * * *", parameters="t"), "tick: its schedule"),
        (IMPORTS + TIMER.format(schedule="0 * * * * *", parameters="other"), "its trigger binds t"),
        (IMPORTS + QUEUE.format(queue="q", more="") + "def f(m): ...", "setting Bus is missing"),
        (IMPORTS + QUEUE.format(queue="%Q%", more="") + "def f(m): ...", "setting Q is missing"),
        (
            IMPORTS + QUEUE.format(queue="q", more=", cardinality='many'") + "def f(m): ...",
            "f: batches and settlement by the function are not emulated",
        ),
    ],
)
async def test_an_app_that_cannot_be_indexed_is_refused_in_one_line(
    tmp_path: Path, code: str, says: str
) -> None:
    settings = {} if "Bus is missing" in says else {"Bus": "Endpoint=sb://127.0.0.1:1"}

    (tmp_path / "function_app.py").write_text(code)
    (tmp_path / "host.json").write_text(HOST_JSON)
    said = refused(tmp_path / "log", tmp_path, **settings)

    assert says in said[-1]
    assert "Traceback" not in "".join(said)


async def test_a_port_in_use_is_a_one_line_error(tmp_path: Path) -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with listener:
        port = str(listener.sockets[0].getsockname()[1])
        said = refused(tmp_path / "log", APPS / "bare", "--port", port)

    assert said[-1] == f"--port {port}: Address already in use"


async def test_settings_come_from_local_settings_below_the_environment(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(
        IMPORTS + "import os\n@app.route(auth_level='anonymous')\n"
        "def ask(req: func.HttpRequest) -> str:\n    return os.environ[req.params['of']]\n"
    )
    (tmp_path / "host.json").write_text(HOST_JSON)
    (tmp_path / "local.settings.json").write_text('{"Values": {"LOCAL": "file", "BOTH": "file"}}')

    async with Host(tmp_path, tmp_path / "log", {"BOTH": "environment"}) as host:
        answers = [
            (await host.http.get("/api/ask", params={"of": n})).text for n in ("LOCAL", "BOTH")
        ]

    assert answers == ["file", "environment"]


@contextlib.asynccontextmanager
async def a_slow_request(host: Host) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """Under way inside the function."""
    request = host.http.get("/v1/slow", params={"seconds": "1"})
    task = asyncio.create_task(request)
    await eventually(lambda: "slow begins" in host.text)
    yield task
    await task


async def test_a_host_that_is_stopped_answers_what_is_under_way_and_takes_no_more(
    tmp_path: Path,
) -> None:
    async with Host(APPS / "web", tmp_path / "log") as host:
        await host.runs()
        async with a_slow_request(host) as under_way:
            host.process.send_signal(signal.SIGTERM)
            answer = await under_way

        assert answer.text == "done"
        assert await host.ended() == 0


async def test_a_lenient_host_settles_what_is_under_way_when_it_is_stopped(
    bus: Bus, tmp_path: Path
) -> None:
    flags = ("--host=no-abandon-on-stop",)
    async with Host(APPS / "bus", tmp_path / "log", bus.settings, flags) as host:
        await host.runs()
        sent = await bus.send("plain", seconds=1) + await bus.send(
            "sessions", session="last", seconds=1
        )
        await bus.noted(sent, "begins")

        status = await host.stop()

    stats = bus.server.stats()
    assert status == 0
    assert len(bus.notes(sent, "ends")) == 2
    assert [stats[queue]["locked"] + stats[queue]["active"] for queue in ("plain", "sessions")] == [
        0,
        0,
    ]


async def test_a_host_ends_with_its_parent() -> None:
    command = ("-m", HOST, *arguments(APPS / "bare", "--print-port", "--until-stdin-ends"))
    host = await asyncio.create_subprocess_exec(
        *(sys.executable, *command), cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    assert host.stdin is not None
    assert host.stdout is not None
    assert await host.stdout.readline()

    host.stdin.close()

    try:
        assert await asyncio.wait_for(host.wait(), PATIENCE) == 0
    finally:
        if host.returncode is None:
            host.kill()

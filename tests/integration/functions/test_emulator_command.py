"""`python -m emulator`: the whole tenant by one command."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.certificates import trusted
from tests.integration.functions.hosting import APPS, eventually
from tests.support.launching import ROOT

ANY_PORT = ("--functions-port", "0", "--graph-port", "0", "--servicebus-port", "0")
EMULATOR = [sys.executable, "-m", "emulator"]


@dataclass(frozen=True)
class Emulator:
    process: subprocess.Popen[str]
    told: dict[str, Any]
    log: Path

    @property
    def text(self) -> str:
        return self.log.read_text()

    @property
    def admin(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.told['graph']}",
            headers={"Authorization": f"Bearer {self.told['admin_token']}"},
            trust_env=False,
            verify=trusted(),
        )


@contextlib.contextmanager
def running(folder: Path, *flags: str) -> Iterator[Emulator]:
    state = ("--state", str(folder / "state"))
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*EMULATOR, *ANY_PORT, *state, "--print-ports", "--users", "300", *flags],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            yield Emulator(process, json.loads(line), folder / "log")
        finally:
            process.kill()


def refused(*flags: str) -> str:
    """What it says before it ends with status 1."""
    ended = subprocess.run(
        [*EMULATOR, *ANY_PORT, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    return " ".join(ended.stderr.split())


def child_of(process: int) -> int:
    """As Linux lists it."""
    [child] = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return int(child)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_once_it_is_up_the_groups_of_the_tenant_are_watched(tmp_path: Path) -> None:
    with running(tmp_path, "--entra", "empty-pages=off") as emulator:
        async with emulator.admin as admin:
            subscriptions = (await admin.get("/v1.0/subscriptions")).json()["value"]

    assert {row["notificationUrl"] for row in subscriptions} == {
        f"http://127.0.0.1:{emulator.told['functions']}/api/graph/notifications"
    }


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_the_host_ends_with_the_emulator(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path, "--app", str(APPS / "bare")) as emulator:
        assert listens(emulator.told["functions"])

        emulator.process.send_signal(how)

        status = await asyncio.to_thread(emulator.process.wait)
        await eventually(lambda: not listens(emulator.told["functions"]))
    assert status == (-signal.SIGKILL if how is signal.SIGKILL else 0)


async def test_the_ways_of_the_host_are_named_to_the_emulator(tmp_path: Path) -> None:
    app = ("--app", str(APPS / "bare"), "--state", str(tmp_path))

    said = refused(*app, "--host", "strict", "--host", "gentle")

    assert "--host gentle: unknown; one of strict, lenient, abandon-on-stop" in said


async def test_the_emulator_says_so_and_ends_when_the_host_dies(tmp_path: Path) -> None:
    with running(tmp_path, "--app", str(APPS / "bare")) as emulator:
        os.kill(child_of(emulator.process.pid), signal.SIGKILL)

        status = await asyncio.to_thread(emulator.process.wait)
        assert status == 1
        assert "the Functions host ended" in emulator.text


async def test_the_azure_side_runs_alone_and_its_bus_has_levers(tmp_path: Path) -> None:
    with running(tmp_path, "--no-functions") as emulator:
        port = emulator.told["servicebus"]
        async with emulator.admin as admin:
            stats = (await admin.get("/emulator/servicebus")).json()
            votes = (await admin.get("/emulator/servicebus/scale")).json()
            answers = []
            for action in ("stop", "start", "start", "explode", "drop_connections"):
                answer = await admin.post("/emulator/servicebus", json={"action": action})
                answers.append((answer.status_code, listens(port)))

    assert emulator.told["functions"] is None
    assert set(stats) >= {"directory-changes", "provisioning"}
    assert votes["directory-changes"] == {"messages": 0, "vote": "scale in"}
    assert answers == [(204, False), (204, True), (409, True), (400, True), (204, True)]


def test_the_settings_lie_next_to_the_store_for_their_owner_alone(tmp_path: Path) -> None:
    with running(tmp_path, "--no-functions") as emulator:
        path = Path(emulator.told["settings"])
        settings = json.loads(path.read_text())

    assert path == tmp_path / "state" / "settings.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert settings["IsEncrypted"] is False
    assert settings["Values"].items() >= emulator.told["environment"].items()
    assert {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"} <= set(settings["Values"])


@pytest.mark.parametrize("flag", ["--functions-port", "--graph-port", "--servicebus-port"])
async def test_the_error_for_a_port_in_use_names_its_flag(flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        said = refused(flag, port)

    assert said == f"{flag} {port}: the port is taken; 0 takes any free one"


async def test_a_file_of_entities_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere.json" in refused("--entities", str(tmp_path / "nowhere.json"))


async def test_behaviours_of_entra_are_switched_by_their_names(tmp_path: Path) -> None:
    flags = ("--entra", "kind", "--entra", "assignment-lag", "45", "--entra", "clock-behind=1")
    with running(tmp_path, "--no-functions", *flags) as emulator:
        async with emulator.admin as admin:
            shown = (await admin.get("/emulator/entra")).json()

    assert (shown["assignment-lag"], shown["clock-behind"]) == (45.0, 1.0)
    assert not shown["shared-window"]

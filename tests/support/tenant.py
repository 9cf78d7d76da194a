"""An emulated tenant in this process, and Functions hosts that run Hasten in processes of their
own, which a test may start, kill and start again."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from emulator.azure import Azure, AzureOptions, running
from emulator.certificates import trusted
from emulator.demo.admin import Admin
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from emulator.graph.server import GraphOptions, GraphServer
from emulator.ports import free_port
from emulator.servicebus import ServiceBusServer
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE, ONBOARDING_EVENTS, PROVISIONING
from tests.support.csdl.check import assert_record_agrees
from tests.support.launching import Launch, Process, cold
from tests.support.lines import whole_lines

ROOT = Path(__file__).parents[2]
ACTING = ROOT / "emulator" / "demo" / "targets.yaml"
LOCK = "PT5S"
"""Lock duration of messages and sessions in these tests. After it, the locks of a killed host are
free."""

QUICK = GraphOptions.kind(on_demand_delay=(0.5, 1.0))

RECORD = "graph.jsonl"
"""File in the state folder with the requests to Graph and their answers."""

TENANT_TIMEOUT_SECONDS = 120.0
"""A bound and no measurement: beside other load everything takes several times as long."""

POLL, LONGEST_POLL = 0.05, 2.0
LOOKS_PER_WAIT = 20
"""A look costs processor time that the hosts need, so the pause between two looks grows with the
time that has passed: what was waited for is noticed at most a twentieth of that time late."""

FIRED = 120.0
"""Seconds that a timer may take: a sweep reads every target."""


def newcomers(count: int, first: int = 901) -> list[str]:
    """Users of the seed who are in neither group of TOTAL."""
    return [object_id(f"user/{number}") for number in range(first, first + count)]


async def eventually(
    holds: Callable[[], Awaitable[bool]], within: float = TENANT_TIMEOUT_SECONDS
) -> None:
    """Waits until the condition holds. Raises AssertionError if it does not hold in time."""
    began = time.monotonic()
    while not await holds():
        waited = time.monotonic() - began
        assert waited < within, f"it did not come about within {within} s"
        await asyncio.sleep(min(max(POLL, waited / LOOKS_PER_WAIT), LONGEST_POLL))


@dataclass
class Host:
    """A Functions host with Hasten in it."""

    port: int
    settings: dict[str, str]
    log: Path
    app: Path = ROOT
    launch: Launch = cold
    _process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook(self) -> str:
        return f"{self.url}/api/graph/notifications"

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        self._spawn()
        await eventually(self._is_running)

    def _spawn(self) -> None:
        self._process = self.launch(
            ["--app", str(self.app), "--port", str(self.port)],
            {**os.environ, **self.settings},
            self.log,
        )

    async def fire(self, timer: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=FIRED, verify=trusted()) as client:
            answer = await client.post(
                f"{self.url}/admin/functions/{timer}", headers={"x-wait": "true"}, json={}
            )
        assert answer.status_code == 200, answer.text

    def kill(self) -> None:
        """Kills the host, as a crash would: it finishes no work and releases no message."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def events(self) -> list[dict[str, Any]]:
        """Returns the decisions that the host logged."""
        lines = whole_lines(self.log)
        found = [line[line.index("{") :] for line in lines if '{"event":' in line]
        return [json.loads(line) for line in found]

    async def _is_running(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
                answer = await client.get(f"{self.url}/admin/host/status")
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and answer.json()["state"] == "Running"

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None


@dataclass
class Tenant:
    azure: Azure
    admin: Admin
    state: Path
    targets: Path = ACTING
    launch: Launch = cold
    hosts: list[Host] = field(default_factory=list)

    @property
    def graph(self) -> GraphServer:
        return self.azure.graph

    @property
    def servicebus(self) -> ServiceBusServer:
        return self.azure.servicebus

    @property
    def database(self) -> Path:
        return self.state / "hasten.db"

    async def host(self, app: Path = ROOT, more: Mapping[str, str] = MappingProxyType({})) -> Host:
        """One more host, started with `more` settings; all share the bus and the store. `app` is a
        folder like this repository."""
        port = free_port()
        settings = self.azure.environment(
            functions_url=f"http://127.0.0.1:{port}",
            state_dir=self.state,
            app_dir=ROOT,
            targets=self.targets,
        )
        host = Host(
            port, {**settings, **more}, self.state / f"host-{len(self.hosts)}.log", app, self.launch
        )
        self.hosts.append(host)
        await host.start()
        return host

    async def watched_by(self, host: Host) -> None:
        """Waits until discovery and subscriptions, and the work that follows from them, are
        done."""

        async def watched() -> bool:
            await host.fire("sweep")
            return bool(self.documents("subscriptions"))

        await eventually(watched)
        await eventually(self.is_quiet)

    async def is_quiet(self) -> bool:
        """Returns whether no message of Hasten's own queues waits, is locked or is scheduled."""
        stats = self.servicebus.stats()
        own = [
            stats[queue] for queue in (DIRECTORY_CHANGES, ONBOARDING_EVENTS, ENSURE, PROVISIONING)
        ]
        return not any(s["active"] + s["locked"] + s["scheduled"] for s in own)

    async def join(self, users: list[str], group: str = TOTAL_ENGINEERING) -> None:
        await asyncio.gather(*(self.admin.join(group, user) for user in users))

    async def are_in(self, users: list[str], group: str = TOTAL_ENGINEERING) -> bool:
        """Returns whether the app has all these users, active and in the group."""
        accounts = await self.admin.accounts()
        return all(
            user in accounts and accounts[user]["active"] and group in accounts[user]["groups"]
            for user in users
        )

    async def is_disabled(self, user: str) -> bool:
        accounts = await self.admin.accounts()
        return user in accounts and not accounts[user]["active"]

    async def calls_made(self) -> int:
        return len(await self.admin.calls())

    async def named_in_calls(self) -> list[str]:
        """Returns each user as often as calls named them."""
        names: list[str] = []
        for call in await self.admin.calls():
            [subject] = call["body"]["parameters"][0]["subjects"]
            linked = subject.get("links", {}).get("members", [])
            names += [member["objectId"] for member in linked] or [subject["objectId"]]
        return names

    def documents(self, collection: str) -> dict[str, dict[str, Any]]:
        """Returns the documents of the store, by key; none before a function has opened the
        store."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                return {}
            rows = connection.execute(
                "SELECT key, body FROM documents WHERE collection = ?", (collection,)
            ).fetchall()
        return {key: json.loads(body) for key, body in rows}


@asynccontextmanager
async def emulated(
    state: Path,
    *,
    graph: GraphOptions = QUICK,
    targets: Path = ACTING,
    scim: bool = False,
    scim_patches: bool = True,
    launch: Launch = cold,
) -> AsyncIterator[Tenant]:
    """`launch` starts the hosts. With `scim` TOTAL has a SCIM server, with or without PATCH, which
    Hasten uses. In the end, all that Graph was asked and answered must agree with Microsoft's
    metadata."""
    recording = replace(graph, record=state / RECORD)
    options = AzureOptions(
        graph=recording, entities=_with_short_locks(state), scim=scim, scim_patches=scim_patches
    )
    async with running(options) as azure:
        if azure.scim is not None:
            targets = azure.with_scim(targets, state)
        tenant = Tenant(
            azure,
            Admin(azure.graph.url, azure.graph.admin_token),
            state,
            targets=targets,
            launch=launch,
        )
        try:
            yield tenant
        finally:
            for host in tenant.hosts:
                host.kill()
            await tenant.admin.close()
    assert_record_agrees(state / RECORD)


def _with_short_locks(state: Path) -> Path:
    entities = json.loads((ROOT / "infra" / "entities.json").read_text())
    for queue in entities["queues"]:
        queue["lockDuration"] = LOCK
    path = state / "entities.json"
    path.write_text(json.dumps(entities))
    return path

"""A Functions host in a process of its own, as a test starts, asks and stops it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from emulator.certificates import trusted

ROOT = Path(__file__).parents[3]
APPS = Path(__file__).parent / "apps"

PATIENCE = 30.0
POLL = 0.01


async def eventually(holds: Callable[[], bool], within: float = PATIENCE) -> None:
    give_up_at = time.monotonic() + within
    while not holds():
        assert time.monotonic() < give_up_at, f"it did not come about within {within} s"
        await asyncio.sleep(POLL)


def command(app: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "emulator.functions", "--app", str(app), "--port", "0", *flags]


@dataclass
class Host:
    """`async with`: runs `app` when the block is entered; its log is all it wrote."""

    app: Path
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        read, write = os.pipe()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - to start one takes a millisecond
                command(self.app, "--print-port", *self.flags),
                cwd=ROOT,
                env={**os.environ, **self.settings},
                stdin=subprocess.PIPE,
                stdout=write,
                stderr=log,
            )
        os.close(write)
        with os.fdopen(read) as answer:
            line = await asyncio.to_thread(answer.readline)
        assert line, self.text
        port = httpx.Response(200, text=line).json()["functions"]
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=trusted()
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    @property
    def text(self) -> str:
        return self.log.read_text()

    async def runs(self) -> None:
        give_up_at = time.monotonic() + PATIENCE
        while (await self.http.get("/admin/host/status")).json()["state"] != "Running":
            assert self.process.poll() is None, self.text
            assert time.monotonic() < give_up_at, self.text
            await asyncio.sleep(POLL)

    async def stop(self) -> int:
        """The exit status once it has ended by itself."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        await eventually(lambda: self.process.poll() is not None)
        return self.process.wait()

"""A Functions host in a process of its own, as a test starts, asks and stops it."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from emulator.certificates import trusted
from tests.support.launching import Launch, warm
from tests.support.lines import whole_lines

APPS = Path(__file__).parent / "apps"

PATIENCE = 30.0
POLL = 0.01

ANSWER = '{"functions":'
"""Begins the line with the port."""


async def eventually(holds: Callable[[], bool], within: float = PATIENCE) -> None:
    give_up_at = time.monotonic() + within
    while not holds():
        assert time.monotonic() < give_up_at, f"it did not come about within {within} s"
        await asyncio.sleep(POLL)


def arguments(app: Path, *flags: str) -> list[str]:
    return ["--app", str(app), "--port", "0", *flags]


def refused(log: Path, app: Path, *flags: str, **settings: str) -> list[str]:
    """Returns the lines with which a host says why it does not start."""
    process = warm(arguments(app, *flags), {**os.environ, **settings}, log)
    assert process.wait(PATIENCE) == 1
    return log.read_text().splitlines()


@dataclass
class Host:
    """`async with`: runs `app` when the block is entered; its log is all it wrote."""

    app: Path
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    launch: Launch = warm

    async def __aenter__(self) -> Self:
        self.log.touch()
        before = len(whole_lines(self.log))
        self.process = self.launch(
            arguments(self.app, "--print-port", *self.flags),
            {**os.environ, **self.settings},
            self.log,
        )
        answers: list[str] = []

        def is_up() -> bool:
            answers[:] = [one for one in whole_lines(self.log)[before:] if one.startswith(ANSWER)]
            assert answers or self.process.poll() is None, self.text
            return bool(answers)

        await eventually(is_up)
        port = json.loads(answers[0])["functions"]
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
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

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
        return self.process.wait(PATIENCE)

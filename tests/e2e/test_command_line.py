"""The command line against an emulated tenant, as an operator would use it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from emulator.environment import write_settings
from hasten.cli.main import app
from tests.support.tenant import ROOT, Tenant, emulated

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str


class CommandLine:
    """`python -m hasten` with the settings of a tenant, in a thread of its own: the emulated Azure
    runs in this one."""

    def __init__(self, tenant: Tenant, functions_url: str) -> None:
        self.tenant = tenant
        self.settings = tenant.azure.environment(
            functions_url=functions_url, state_dir=tenant.state, app_dir=ROOT
        )

    async def run(self, *arguments: str, **settings: str) -> Ran:
        file = self.tenant.state / "settings.json"
        write_settings(file, {**self.settings, **settings})
        return await asyncio.to_thread(_ran, [*arguments, "--settings", str(file)])

    async def json(self, *arguments: str, **settings: str) -> list[dict[str, Any]]:
        result = await self.run(*arguments, "--json", **settings)
        answer: list[dict[str, Any]] = json.loads(result.stdout)
        return answer


def _ran(command: list[str]) -> Ran:
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CommandLine]:
    async with emulated(tmp_path_factory.mktemp("tenant")) as tenant:
        yield CommandLine(tenant, "http://127.0.0.1:9")


async def test_status_of_a_target_that_was_never_swept_says_so(line: CommandLine) -> None:
    result = await line.run("status")

    assert result.exit_code == 1
    assert "no sweep has found the target yet" in result.stdout

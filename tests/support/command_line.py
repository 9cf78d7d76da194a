"""`python -m hasten` on an emulated tenant, in this process."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner

from emulator.environment import write_settings
from hasten.cli.main import app
from tests.support.tenant import ROOT, Tenant

Json = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str


@dataclass
class CommandLine:
    """Each command runs in a thread of its own: the emulated Azure runs in the test's."""

    tenant: Tenant
    functions_url: str
    healthy: list[Json] = field(default_factory=list)
    """The findings of the doctor while everything worked."""

    def targets(self, text: str) -> str:
        """The path of a targets.yaml with this text."""
        file = self.tenant.state / "targets.yaml"
        file.write_text(text)
        return str(file)

    async def run(self, *arguments: str, **settings: str) -> Ran:
        file = self.tenant.state / "settings.json"
        of_tenant = self.tenant.azure.environment(
            functions_url=self.functions_url,
            state_dir=self.tenant.state,
            app_dir=ROOT,
            targets=self.tenant.targets,
        )
        write_settings(file, {**of_tenant, **settings})
        return await asyncio.to_thread(_ran, [*arguments, "--settings", str(file)])

    async def json(self, *arguments: str, **settings: str) -> list[Json]:
        ran = await self.run(*arguments, "--json", **settings)
        answer: list[Json] = json.loads(ran.stdout)
        return answer

    async def status(self, *arguments: str, **settings: str) -> Json:
        """Returns what `status` shows about the app and the targets."""
        answer: Json = json.loads(
            (await self.run("status", *arguments, "--json", **settings)).stdout
        )
        return answer


def _ran(command: list[str]) -> Ran:
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)

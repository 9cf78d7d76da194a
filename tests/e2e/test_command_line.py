"""The command line against an emulated tenant, as an operator would use it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from typer.testing import CliRunner

from emulator.environment import write_settings
from hasten.cli.main import app
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED
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

    def targets(self, text: str) -> str:
        """The path of a targets.yaml with this text."""
        file = self.tenant.state / "targets.yaml"
        file.write_text(text)
        return str(file)

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


async def test_a_target_that_does_not_exist_is_bad_usage_and_names_those_that_do(
    line: CommandLine,
) -> None:
    result = await line.run("release", "TOTLA")

    assert result.exit_code == 2
    assert result.stderr == "no target TOTLA; targets.yaml has: TOTAL\n"


async def test_a_bad_setting_is_one_line_that_names_it(line: CommandLine) -> None:
    result = await line.run("status", HASTEN_TENANT_ID="contoso")

    assert result.exit_code == 2
    assert result.stderr.startswith("setting HASTEN_TENANT_ID is wrong")
    assert result.stderr.count("\n") == 1


async def test_a_rejected_event_is_shown_and_then_posted_again(line: CommandLine) -> None:
    servicebus = line.tenant.servicebus
    event = ServiceBusMessage(
        '{"id": "joiner-1"}', application_properties={"reason": "unknown_user"}
    )
    async with (
        ServiceBusClient.from_connection_string(servicebus.connection_string) as client,
        client.get_queue_sender(ONBOARDING_REJECTED) as sender,
    ):
        await sender.send_messages(event)
    command = ["replay", "--queue", ONBOARDING_REJECTED, "--id", "joiner-1"]

    shown = await line.run(*command, "--dry-run")
    before = servicebus.stats()
    replayed = await line.run(*command, "--yes")

    after = servicebus.stats()
    assert "unknown_user" in shown.stdout
    assert (before[ONBOARDING_REJECTED]["active"], before[ONBOARDING_EVENTS]["active"]) == (1, 0)
    assert replayed.exit_code == 0
    assert (after[ONBOARDING_REJECTED]["active"], after[ONBOARDING_EVENTS]["active"]) == (0, 1)


async def test_a_queue_that_the_app_reads_is_only_replayed_from_its_dead_letters(
    line: CommandLine,
) -> None:
    result = await line.run("replay", "--queue", "provisioning")

    assert result.exit_code == 2
    assert "--dead-letters" in result.stderr


POLICY = """
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: TOTAL-Newcomers
        create: {}
"""


async def test_the_plan_of_the_policy_is_shown_and_done_only_when_asked(line: CommandLine) -> None:
    policy = {"HASTEN_TARGETS": line.targets(POLICY)}

    planned = await line.run("apply", "TOTAL", **policy)
    again = await line.run("apply", "TOTAL", **policy)
    done = await line.run("apply", "TOTAL", "--yes", **policy)
    after = await line.run("apply", "TOTAL", **policy)

    assert "1. Create the group TOTAL-Newcomers." in planned.stdout
    assert (planned.exit_code, again.stdout) == (0, planned.stdout)
    assert "TOTAL: done" in done.stdout
    assert after.stdout == "Nothing is missing.\n"

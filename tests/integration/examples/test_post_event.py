"""The examples do what the docs promise: against the emulated Service Bus, and with the tokens of
Entra ID that the deployed one asks for."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from azure.servicebus.aio import ServiceBusClient

from emulator.environment import write_settings
from emulator.servicebus import ServiceBusServer
from emulator.servicebus.entities import load_entities
from hasten.events.envelope import OnboardingEvent, parse
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.clock import utc_now

ROOT = Path(__file__).parents[3]
ONBOARD = ROOT / "examples" / "events" / "onboard.json"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServiceBusServer]:
    server = ServiceBusServer(load_entities(ROOT / "infra" / "entities.json"))
    await server.start()
    yield server
    await server.stop()


async def ran(*command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def posted(server: ServiceBusServer, folder: Path, *arguments: str) -> OnboardingEvent:
    """What Hasten reads of that which post_event.py sends."""
    settings = folder / "settings.json"
    write_settings(settings, {"ServiceBusConnection": server.connection_string})
    script = str(ROOT / "examples" / "post_event.py")
    await ran(sys.executable, script, *arguments, "--settings", str(settings))
    async with (
        ServiceBusClient.from_connection_string(server.connection_string) as client,
        client.get_queue_receiver(ONBOARDING_EVENTS) as receiver,
    ):
        [message] = await receiver.receive_messages(max_wait_time=10)
        return parse(b"".join(message.body), message.content_type or "", {}, utc_now())


async def test_the_python_example_posts_a_file_under_a_new_id(
    server: ServiceBusServer, tmp_path: Path
) -> None:
    event = await posted(server, tmp_path, str(ONBOARD))

    assert event.data.type == "hasten.user.onboard.v1"
    assert event.source == "/hr"
    assert event.id != "hire-4711"


async def test_the_python_example_posts_what_its_arguments_say(
    server: ServiceBusServer, tmp_path: Path
) -> None:
    kind, user = "hasten.user.offboard.v1", "upn=ada@contoso.example"
    arguments = ["--type", kind, "--target", "TOTAL", "--user", user, "--group", "TOTAL-X"]

    event = await posted(server, tmp_path, *arguments)

    assert event.data.model_dump(exclude_unset=True) == {
        "target": "TOTAL",
        "users": [{"upn": "ada@contoso.example"}],
        "groups": [{"name": "TOTAL-X"}],
    }


AZ = """#!/bin/sh
[ "$*" = "$WANTED" ] && echo "$TOKEN"
"""
WANTED = (
    "account get-access-token --resource https://servicebus.azure.net"
    " --query accessToken --output tsv"
)
TOKEN = "the-token-of-whoever-is-signed-in"

CURL = """#!/bin/sh
cat > "$TOLD.headers"
printf '%s\\n' "$@" > "$TOLD.arguments"
"""


async def test_the_curl_example_sends_the_token_of_whoever_is_signed_in(tmp_path: Path) -> None:
    for name, script in (("az", AZ), ("curl", CURL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    told = tmp_path / "told"

    await ran(
        str(ROOT / "examples" / "post_event.sh"),
        str(ONBOARD),
        PATH=f"{tmp_path}:{os.environ['PATH']}",
        TOLD=str(told),
        TOKEN=TOKEN,
        WANTED=WANTED,
        SERVICEBUS_NAMESPACE="contoso",
    )

    queue = "https://contoso.servicebus.windows.net/onboarding-events"
    headers = (tmp_path / "told.headers").read_text().strip()
    arguments = (tmp_path / "told.arguments").read_text().splitlines()
    assert headers == f"Authorization: Bearer {TOKEN}"
    assert arguments[-1] == f"{queue}/messages?api-version=2015-01"
    assert f"@{ONBOARD}" in arguments
    assert TOKEN not in "".join(arguments)


AS_SIGNED_IN = """
import sys
import azure.identity, azure.servicebus

class Client:
    def __init__(self, host, credential):
        print(host, type(credential).__name__)
        sys.exit(0)

azure.servicebus.ServiceBusClient = Client
sys.argv = [EXAMPLE, *ARGUMENTS]
exec(compile(open(EXAMPLE).read(), EXAMPLE, "exec"))
"""


@pytest.mark.parametrize("namespace", ["contoso", "contoso.servicebus.windows.net"])
async def test_the_python_example_signs_in_to_a_deployed_namespace(namespace: str) -> None:
    example = str(ROOT / "examples" / "post_event.py")
    arguments = [str(ONBOARD), "--namespace", namespace]
    script = AS_SIGNED_IN.replace("EXAMPLE", repr(example)).replace("ARGUMENTS", repr(arguments))

    said = await ran(sys.executable, "-c", script)

    assert said.strip() == "contoso.servicebus.windows.net DefaultAzureCredential"

"""Every Service Bus function is disabled, as an app setting of Azure does it: the timers go on."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from hasten.ports.bus import ENSURE, ONBOARDING_EVENTS, PROVISIONING
from tests.support.launching import warm
from tests.support.tenant import Tenant, emulated, eventually, newcomers

TARGETS = """\
mode: act
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: TOTAL-Engineering
"""
FUNCTIONS = ("directory_changes", "onboarding_events", "ensure", "provisioning")
DISABLED = {f"AzureWebJobs.{function}.Disabled": "true" for function in FUNCTIONS}
LEAVER = object_id("user/100")
REVOKED, GRANTED = 120.0, 180.0


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    targets = tmp_path / "targets.yaml"
    targets.write_text(TARGETS)
    async with emulated(tmp_path, targets=targets, launch=warm) as tenant:
        yield tenant


async def test_with_every_listener_dead_a_revocation_and_the_grant_of_an_event_come_in_time(
    tenant: Tenant,
) -> None:
    host = await tenant.host(more=DISABLED)
    await host.fire("sweep")
    [joiner] = newcomers(1)

    await post(tenant, joiner)
    await tenant.admin.leave(TOTAL_ENGINEERING, LEAVER)

    await eventually(partial(has_called, tenant, LEAVER), REVOKED)
    await eventually(partial(tenant.are_in, [joiner]), GRANTED - REVOKED)
    silent = [event for event in host.events() if event["event"] == "trigger"]
    assert {ONBOARDING_EVENTS, ENSURE, PROVISIONING} <= {event["queue"] for event in silent}


async def has_called(tenant: Tenant, user: str) -> bool:
    return user in await tenant.named_in_calls()


async def post(tenant: Tenant, joiner: str) -> None:
    event = {
        "specversion": "1.0",
        "id": "event-1",
        "source": "/hr",
        "type": "hasten.user.onboard.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {
            "target": "TOTAL",
            "users": [{"id": joiner}],
            "group": {"id": TOTAL_ENGINEERING},
        },
    }
    message = ServiceBusMessage(
        json.dumps(event), content_type="application/cloudevents+json; charset=utf-8"
    )
    async with (
        ServiceBusClient.from_connection_string(tenant.servicebus.connection_string) as client,
        client.get_queue_sender(ONBOARDING_EVENTS) as sender,
    ):
        await sender.send_messages(message)

"""Upstream events, from the queue to the app and back to the topic: real HTTP, real AMQP."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, TOTAL_ROLE, object_id
from emulator.graph.server import GraphOptions
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED, PROVISIONING_OUTCOMES
from tests.support.launching import warm
from tests.support.tenant import Tenant, emulated, eventually, newcomers

TARGETS = """\
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: TOTAL-Engineering
      - name: TOTAL-Contractors
        role: User
        create: {description: Contractors}
"""
SPEED = 4.0
"""Of Entra's clock: the minute for which an assignment is not honoured is over in 15 s."""


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    graph = GraphOptions.kind(
        speed=SPEED,
        on_demand_delay=(1.0, 2.0),
        assignment_replication_delay=60.0,
    )
    targets = tmp_path / "targets.yaml"
    targets.write_text(TARGETS)
    async with emulated(tmp_path, graph=graph, targets=targets, launch=warm) as tenant:
        yield tenant


async def post(tenant: Tenant, body: bytes) -> None:
    async with (
        ServiceBusClient.from_connection_string(tenant.servicebus.connection_string) as client,
        client.get_queue_sender(ONBOARDING_EVENTS) as sender,
    ):
        await sender.send_messages(ServiceBusMessage(body, content_type="application/json"))


def event(kind: str, event_id: str = "hire-1", **data: Any) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/hr",
            "type": f"hasten.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": {"target": "TOTAL", **data},
        }
    ).encode()


async def received(tenant: Tenant, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first outcome that is wanted; those before it are completed."""
    async with (
        ServiceBusClient.from_connection_string(tenant.servicebus.connection_string) as client,
        client.get_subscription_receiver(PROVISIONING_OUTCOMES, "all") as receiver,
    ):
        while messages := await receiver.receive_messages(max_wait_time=60):
            for message in messages:
                outcome: dict[str, Any] = json.loads(str(message))
                await receiver.complete_message(message)
                if wanted(outcome["data"]):
                    return outcome
    raise AssertionError("no such outcome came within a minute")


def user(number: int) -> dict[str, str]:
    return {"employeeId": f"E{number:05}"}


async def test_a_new_hire_of_a_group_that_does_not_exist_is_provisioned_and_published(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [hire] = newcomers(1)

    body = event("user.onboard", users=[user(901)], group={"name": "TOTAL-Contractors"})
    await post(tenant, body)
    outcome = await received(tenant, lambda data: data["user"] == hire)

    directory, assignments = tenant.graph.tenant.directory, tenant.graph.tenant.assignments
    [group] = [g for g in directory.groups.values() if g.name == "TOTAL-Contractors"]
    [given] = [a for a in assignments if a.principal is group]
    account = (await tenant.admin.accounts())[hire]
    assert (given.resource.id, given.app_role) == (TOTAL, TOTAL_ROLE)
    assert (account["active"], account["groups"]) == (True, [group.id])
    assert outcome["data"]["result"] == "succeeded"
    assert outcome["data"]["causes"] == [{"source": "/hr", "id": "hire-1"}]
    assert 2 <= await tenant.calls_made() <= 4
    assert (await tenant.admin.stats())["limit_violations"] == 0


async def test_an_offboarded_person_is_out_of_the_group_and_out_of_the_app(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    engineer = object_id("user/100")

    await post(tenant, event("user.offboard", users=[user(100)]))

    await eventually(partial(tenant.is_disabled, engineer))
    members = tenant.graph.tenant.directory.groups[TOTAL_ENGINEERING].members
    assert engineer not in members
    assert await tenant.named_in_calls() == [engineer]


async def test_a_bad_event_is_parked_with_its_reasons_and_published(tenant: Tenant) -> None:
    await tenant.host()

    body = event("user.onboard", users=[], group={"name": "TOTAL-Engineering"})
    await post(tenant, body)
    outcome = await received(tenant, lambda data: data["result"] == "rejected")

    async with (
        ServiceBusClient.from_connection_string(tenant.servicebus.connection_string) as client,
        client.get_queue_receiver(ONBOARDING_REJECTED) as receiver,
    ):
        [parked] = await receiver.receive_messages(max_wait_time=10)
    assert str(parked) == body.decode()
    properties = {_text(k): _text(v) for k, v in (parked.application_properties or {}).items()}
    assert "users" in properties["fields"]
    assert outcome["data"]["causes"] == [{"source": "/hr", "id": "hire-1"}]


def _text(value: Any) -> str:
    """The SDK gives application properties as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


async def test_a_start_and_an_end_seconds_ahead_come_by_an_alarm_in_the_queue(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [user] = newcomers(1)
    start, end = (datetime.now(UTC) + timedelta(seconds=s) for s in (6, 20))
    dates = {"startAt": start.isoformat(), "endAt": end.isoformat()}

    await post(
        tenant,
        event("user.onboard", users=[{"id": user}], group={"name": "TOTAL-Engineering"}, **dates),
    )
    await eventually(partial(has_an_alarm, tenant), within=5)
    assert any(key.startswith("at|") for key in tenant.documents("agenda"))
    assert not await is_member(tenant, user)

    await eventually(partial(is_member, tenant, user), within=20)
    assert datetime.now(UTC) >= start
    await eventually(partial(is_no_member, tenant, user), within=30)

    assert datetime.now(UTC) >= end
    assert not await has_an_alarm(tenant)


async def has_an_alarm(tenant: Tenant) -> bool:
    return tenant.servicebus.stats()[ONBOARDING_EVENTS]["scheduled"] > 0


async def is_member(tenant: Tenant, user: str) -> bool:
    return user in tenant.graph.tenant.directory.groups[TOTAL_ENGINEERING].members


async def is_no_member(tenant: Tenant, user: str) -> bool:
    return not await is_member(tenant, user)

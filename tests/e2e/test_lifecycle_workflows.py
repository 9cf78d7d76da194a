"""A leaver of a Lifecycle Workflow, from the request of the extension to its callback: the workflow
definition of the Logic App, Service Bus over REST, the app, and Graph, over real HTTP and AMQP."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from emulator.graph.server import GraphOptions
from tests.support.launching import warm
from tests.support.logic_app import LogicApp
from tests.support.tenant import ROOT, Tenant, emulated, eventually

LEAVER = object_id("user/100")
TARGETS = """\
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: TOTAL-Engineering
"""
DEFINITION = json.loads((ROOT / "infra" / "app" / "lifecycle-workflow.json").read_text())


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    targets = tmp_path / "targets.yaml"
    targets.write_text(TARGETS)
    graph = GraphOptions.kind(on_demand_delay=(0.5, 1.0))
    async with emulated(tmp_path, graph=graph, targets=targets, launch=warm) as tenant:
        yield tenant


async def on_graph(tenant: Tenant, method: str, path: str, **asked: Any) -> Any:
    async with httpx.AsyncClient(
        base_url=tenant.graph.url, trust_env=False, verify=trusted()
    ) as client:
        return (await client.request(method, path, **asked)).json()


async def runs_the_logic_app(tenant: Tenant, request: dict[str, Any]) -> None:
    queue = f"{tenant.azure.servicebus_rest}/onboarding-events/messages"
    [sent] = LogicApp(DEFINITION, {"target": "TOTAL", "queue": queue}).run(request)
    token = tenant.graph.tenant.tokens.issue(sent.audience)["access_token"]
    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        answer = await client.request(
            sent.method,
            sent.uri,
            headers={**sent.headers, "Authorization": f"Bearer {token}"},
            json=sent.body,
        )
    assert answer.status_code == 201, answer.text


async def test_a_workflow_goes_on_when_the_access_is_taken(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    lever = "/emulator/lifecycle-workflows"
    request = await on_graph(tenant, "POST", lever, json={"userId": LEAVER})

    await runs_the_logic_app(tenant, request)

    async def is_answered() -> bool:
        await host.fire("wake")
        [task] = await on_graph(tenant, "GET", lever)
        return bool(task["state"] != "waiting")

    await eventually(lambda: tenant.is_disabled(LEAVER), within=240)
    assert LEAVER not in tenant.graph.tenant.directory.groups[TOTAL_ENGINEERING].members
    looks = [m for m in tenant.documents("followups").values() if m["what"] == "resume"]
    assert [look["is_complete"] for look in looks] == [False]
    await eventually(is_answered, within=300)
    [task] = await on_graph(tenant, "GET", lever)
    assert task["state"] == "completed"

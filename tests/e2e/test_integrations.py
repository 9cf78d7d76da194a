"""Each request of docs/integrations.md, taken from the page, is accepted by the emulated stack and
has its effect: real HTTP, the app's own check of tokens, real AMQP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from emulator.azure import SERVICE_BUS
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from emulator.graph.server import GraphOptions
from emulator.sign_in.registration import API_CLIENT_ID, APP_ID_URI, client_id
from tests.support import integrations
from tests.support.integrations import Stack
from tests.support.launching import warm
from tests.support.logic_app import Sent
from tests.support.tenant import Tenant, emulated, eventually

TARGETS = """\
targets:
  - name: TOTAL
    display_name: TOTAL
    groups:
      - name: TOTAL-Engineering
"""
JOINERS = {"curl": 902, "github": 903, "devops": 904, "servicenow": 905, "power-automate": 907}
BY_BUS = {"service-bus": 908}
LEAVERS = {"workday": 100}
"""Who is named by each request, by the number in the seed: E00902 is user 902."""


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    targets = tmp_path / "targets.yaml"
    targets.write_text(TARGETS)
    graph = GraphOptions.kind(on_demand_delay=(0.5, 1.0))
    async with emulated(tmp_path, graph=graph, targets=targets, launch=warm) as tenant:
        yield tenant


async def stack_of(tenant: Tenant, hasten_url: str) -> Stack:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id("sender"),
        "client_secret": tenant.azure.sign_in.registration.secret,
        "scope": f"{APP_ID_URI}/.default",
    }
    root = f"{tenant.graph.url}/{tenant.graph.tenant.id}"
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = (await http.post(f"{root}/oauth2/v2.0/token", data=form)).json()
    return Stack(
        hasten_url=hasten_url,
        bus_url=tenant.azure.servicebus_rest,
        api_client_id=API_CLIENT_ID,
        api_token=answer["access_token"],
        bus_token=tenant.graph.tenant.tokens.issue(SERVICE_BUS)["access_token"],
    )


async def status_of(stack: Stack, sent: Sent) -> str:
    headers = {**sent.headers, "Authorization": f"Bearer {stack.api_token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.request(sent.method, sent.uri, headers=headers, json=sent.body)
    assert answer.status_code == 202, answer.text
    return str(answer.status_code)


def without_effect(tenant: Tenant) -> set[str]:
    """The requests whose person has not joined or left the group."""
    there = tenant.graph.tenant.directory.groups[TOTAL_ENGINEERING].members
    joiners = {**JOINERS, **BY_BUS}.items()
    absent = {name for name, number in joiners if object_id(f"user/{number}") not in there}
    return absent | {n for n, number in LEAVERS.items() if object_id(f"user/{number}") in there}


async def test_every_request_of_the_page_is_accepted_and_has_its_effect(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    stack, texts = await stack_of(tenant, host.url), integrations.blocks()
    mail = tenant.graph.tenant.directory.users[object_id("user/907")].properties["mail"]
    now = datetime.now(UTC).isoformat()
    event = {"Event_WID": "wid-1", "Worker_ID": "E00100", "Moment": now}
    item = {"ID": 17, "Created": now, "Person": {"Email": mail}}

    answers = {
        name: await asyncio.to_thread(integrations.run_script, stack, texts[name], {})
        for name in ("curl", "service-bus")
    }
    for name, run in (("github", integrations.github), ("devops", integrations.devops)):
        employee = f"E{JOINERS[name]:05}"
        answers[name] = await asyncio.to_thread(run, stack, texts[name], employee)
    sent = {
        "servicenow": await asyncio.to_thread(
            integrations.servicenow, stack, texts["servicenow"], "E00905"
        ),
        "workday": integrations.logic_app(stack, texts["workday"], event),
        "power-automate": integrations.logic_app(stack, texts["power-automate"], item),
    }
    for name, request in sent.items():
        answers[name] = await status_of(stack, request)

    statuses = {name: answer.split()[-1] for name, answer in answers.items()}
    assert set(answers) == set(texts) == {*JOINERS, *BY_BUS, *LEAVERS}
    assert statuses == {**dict.fromkeys(answers, "202"), "service-bus": "201"}

    async def all_took_effect() -> bool:
        return not without_effect(tenant)

    try:
        await eventually(all_took_effect, within=180)
    except AssertionError as error:
        seen = [e for e in host.events() if e["event"] in {"onboarding", "ensure", "message"}]
        error.add_note(f"without effect: {without_effect(tenant)}; the log: {seen[-40:]}")
        raise

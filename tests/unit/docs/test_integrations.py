"""Each request of docs/integrations.md, taken from the page, becomes what it asks for. The same
requests go to a whole stack in tests/e2e/test_integrations.py."""

import json
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from tests.support import integrations
from tests.support.face import Face
from tests.support.integrations import Stack
from tests.support.posted_over_http import posted, queued
from tests.support.posting import Posting
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user

STACK = Stack(
    hasten_url="https://hasten.example",
    bus_url="https://sb.example",
    api_client_id="client",
    api_token="token",
    bus_token="token",
)
MAIL = "ada@contoso.example"
PERSON = 99
"""Everybody whom the page names is this one person here."""

EMPLOYEES = {"curl": "E00902", "service-bus": "E00908"}
"""Those that the page writes out; the others come from the system."""


def sent(name: str, at: str) -> tuple[dict[str, Any], str]:
    """The body that the system posts, and the employee whom it names."""
    text, employee = integrations.blocks()[name], EMPLOYEES.get(name, "E00999")
    match name:
        case "curl" | "service-bus":
            printed = integrations.run_script(STACK, text, {}, captures=True)
        case "github":
            printed = integrations.github(STACK, text, employee, captures=True)
        case "devops":
            printed = integrations.devops(STACK, text, employee, captures=True)
        case "servicenow":
            printed = json.dumps(integrations.servicenow(STACK, text, employee).body)
        case "workday":
            event = {"Event_WID": "wid-1", "Worker_ID": employee, "Moment": at}
            printed = json.dumps(integrations.logic_app(STACK, text, event).body)
        case _:
            item = {"ID": 17, "Created": at, "Person": {"Email": MAIL}}
            printed = json.dumps(integrations.logic_app(STACK, text, item).body)
    body: dict[str, Any] = json.loads(printed)
    return body, employee


@pytest.mark.parametrize("name", integrations.blocks())
def test_a_request_of_the_page_is_accepted_and_becomes_what_it_asks_for(name: str) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        body, employee = sent(name, now().isoformat())
        world.directory.has_user(user(PERSON), mail=MAIL, employee_id=employee)
        world.directory.join(ENGINEERING, user(PERSON))

        answer = await posted(Face(world), {**body, "time": now().isoformat()})
        [message] = queued(world)
        await world.receives(message)

        assert answer.status_code == 202, answer.text
        leaves = body["type"] == "hasten.user.offboard.v1"
        wanted = Wanted.ABSENT if leaves else Wanted.MEMBER
        assert await world.wanted(ENGINEERING, PERSON) is wanted
        assert world.parked() == []

    run()


def test_every_system_of_the_page_has_a_request() -> None:
    assert set(integrations.blocks()) == {
        *("curl", "github", "devops", "servicenow", "workday", "power-automate", "service-bus"),
    }

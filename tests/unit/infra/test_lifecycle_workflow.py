"""The workflow definition of the Logic App, run on the request that Entra documents: what it posts
is an event that Hasten accepts."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hasten.events.envelope import OnboardingEvent, parse
from hasten.events.models import Offboard
from tests.support.logic_app import LogicApp, Sent
from tests.unit.infra.templates import INFRA, ROOT

DEFINITION = json.loads((INFRA / "app" / "lifecycle-workflow.json").read_text())
REQUEST = json.loads((ROOT / "tests/events/lifecycle_workflows/leaver.json").read_text())
QUEUE = "https://sb.example/onboarding-events/messages"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def posted(request: dict[str, Any]) -> Sent:
    [sent] = LogicApp(DEFINITION, {"target": "TOTAL", "queue": QUEUE}).run(request)
    return sent


def accepted(sent: Sent) -> OnboardingEvent:
    body = json.dumps(sent.body).encode()
    return parse(body, sent.headers["Content-Type"], {}, NOW, is_deferred=False, is_cut=False)


def test_a_leaver_becomes_an_offboarding_event_that_names_the_task() -> None:
    sent = posted(REQUEST)

    event = accepted(sent)
    assert isinstance(event.data, Offboard)
    assert (sent.method, sent.uri) == ("POST", QUEUE)
    assert sent.audience == "https://servicebus.azure.net"
    assert event.id == REQUEST["data"]["taskProcessingResult"]["id"]
    assert event.source == f"/lifecycle-workflows/{REQUEST['data']['workflow']['id']}"
    assert event.time == datetime(2026, 11, 24, 8, 59, 58, 27181, tzinfo=UTC)
    assert [user.id for user in event.data.users] == [UUID(REQUEST["data"]["subject"]["id"])]
    assert event.data.resume == REQUEST["data"]["callbackUriPath"]


def test_the_event_holds_no_name_and_no_address() -> None:
    text = json.dumps(posted(REQUEST).body)

    assert not any(personal in text for personal in ("Ada", "Grace", "@contoso"))


@pytest.mark.parametrize("callback", [None, ""])
def test_an_extension_that_does_not_wait_gives_no_callback(callback: str | None) -> None:
    data = {**REQUEST["data"], "callbackUriPath": callback}

    event = accepted(posted({**REQUEST, "data": data}))

    assert isinstance(event.data, Offboard)
    assert event.data.resume is None


def test_every_action_runs_and_a_repeated_post_is_the_same_event() -> None:
    first, second = posted(REQUEST), posted(REQUEST)

    assert set(DEFINITION["actions"]) == {"Data", "Post"}
    assert first == second

"""The published contract is the one that the code keeps: schemas, channels, examples, tables."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hasten.adapters.notify.bodies import event
from hasten.domain.changes import Cause
from hasten.domain.digest import Digest, Send
from hasten.domain.history_outcomes import entry_of
from hasten.domain.notices import notice, trial
from hasten.domain.outcomes import Outcome, of_alert, of_change, of_event
from hasten.events.envelope import STRUCTURED, parse
from hasten.events.models import EVENT_TYPES
from hasten.events.outgoing import AlertEvent, NoticeEvent, OutcomeEvent, RejectedProperties
from hasten.events.schema import OUTGOING, SCHEMAS_FOLDER, schemas
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED, PROVISIONING_OUTCOMES
from tests.support.bad_events_table import PAGE, with_table
from tests.support.posting import Posting
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL
from tests.unit.domain.rows import change

ROOT = Path(__file__).parents[3]
ASYNCAPI = ROOT / "docs" / "asyncapi.yaml"
EXAMPLES = sorted((ROOT / "examples" / "events").glob("*.json"))


def test_the_committed_schemas_are_those_of_the_models() -> None:
    """After a change of the models: `python -m hasten.events.schema`."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS_FOLDER.iterdir()}

    assert committed == schemas()


def test_the_table_of_bad_events_is_what_they_are_answered() -> None:
    """After a change of the texts: `python -m tests.support.bad_events_table`."""
    page = PAGE.read_text(encoding="utf-8")

    assert with_table(page) == page


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_every_example_is_a_valid_event(path: Path) -> None:
    parse(path.read_bytes(), STRUCTURED, {}, START + timedelta(hours=12))


def test_there_is_an_example_of_every_type() -> None:
    shown = {json.loads(path.read_text(encoding="utf-8"))["type"] for path in EXAMPLES}

    assert shown == EVENT_TYPES.keys()


def test_the_example_in_the_docs_is_the_one_of_the_file() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.split("```json\n")[1].split("```")[0]

    assert shown == (ROOT / "examples" / "events" / "onboard.json").read_text(encoding="utf-8")


# --- AsyncAPI ---


def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text(encoding="utf-8"))
    return document


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    document = asyncapi()

    for reference in references(document):
        file, _, path = reference.partition("#")
        target = json.loads((ASYNCAPI.parent / file).read_text()) if file else document
        for part in filter(None, path.split("/")):
            target = target[part]


def test_asyncapi_names_our_channels_and_each_message_once() -> None:
    document = asyncapi()

    addresses = [channel["address"] for channel in document["channels"].values()]
    names = [message["name"] for message in document["components"]["messages"].values()]
    assert document["asyncapi"] == "3.0.0"
    assert addresses == [ONBOARDING_EVENTS, ONBOARDING_REJECTED, PROVISIONING_OUTCOMES]
    elsewhere = {"rejected-properties", "hasten.notice.v1"}  # a header, and a post over HTTP
    assert sorted(names) == sorted([*EVENT_TYPES, *(OUTGOING.keys() - elsewhere), "rejected"])


# --- what Hasten tells ---


def told(outcome: Outcome) -> str:
    return json.dumps(outcome.event)


def test_outcomes_and_alerts_are_as_their_schemas_say() -> None:
    cause = Cause("/hr", "1")
    common = {"target": TOTAL, "group": ENGINEERING, "reason": "r", "next_action": "n"}
    detail = {"field": "f", "problem": "p", "fix": "x"}

    OutcomeEvent.model_validate_json(told(of_change(change(1))))
    OutcomeEvent.model_validate_json(
        told(of_event(cause, user="", result="rejected", now=START, details=[detail], **common))
    )
    AlertEvent.model_validate_json(told(of_alert("brake", key="k", now=START, **common)))


def test_a_message_to_a_webhook_is_as_its_schema_says() -> None:
    entry = entry_of(of_change(change(1)).event)
    digest = Digest(Send.ALL, frozenset())
    digest.add([entry])
    pages = "https://hasten.example/api/ui"
    sent = notice(digest, notice_id="1", pages=pages)

    found = NoticeEvent.model_validate_json(json.dumps(event(sent, "https://hasten.example")))

    assert (found.data.count, len(found.data.lines)) == (1, 1)
    NoticeEvent.model_validate_json(
        json.dumps(event(trial(notice_id="2", pages="", now=START), "https://hasten.example"))
    )


@virtual
async def test_a_parked_event_has_the_properties_that_its_schema_says() -> None:
    world = Posting()

    await world.posts(b"[]")

    [parked] = world.parked()
    properties = RejectedProperties.model_validate_json(json.dumps(dict(parked.properties)))
    assert properties.rejected_at == now()

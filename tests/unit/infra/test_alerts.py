"""The alerts read events: those that Hasten logs, by the names it gives them."""

import json
import re
from typing import Any

import pytest

from hasten.adapters.telemetry.instruments import INSTRUMENTS
from tests.unit.infra.templates import INFRA, ROOT

ALERTS: list[dict[str, Any]] = json.loads((INFRA / "app" / "alerts.json").read_text())
READ = [(alert["name"], event) for alert in ALERTS for event in alert["events"]]

SOURCE = "".join(path.read_text() for path in (ROOT / "hasten").rglob("*.py"))
FIELD = re.compile(r"e\.(\w+)")
NUMBER = re.compile(r"toreal\(e\.(\w+)\)")


@pytest.mark.parametrize(("name", "read"), READ)
def test_an_alert_reads_an_event_with_results_and_fields_that_the_code_logs(
    name: str, read: dict[str, Any]
) -> None:
    event, condition = read["event"], read.get("where", "")

    assert f'Event("{event}", ' in SOURCE
    assert read["results"]
    assert all(f'"{result}"' in SOURCE for result in read["results"] if event != "change")
    measured = {i.value for i in INSTRUMENTS if i.event == event}
    assert set(NUMBER.findall(condition)) <= measured
    assert all(f'"{field}"' in SOURCE for field in FIELD.findall(condition))


def test_every_problem_with_a_revocation_has_an_alert() -> None:
    read = {(one["event"], result) for _, one in READ for result in one["results"]}

    assert {("alert", result) for result in re.findall(r'"(revocation_\w+)"', SOURCE)} <= read
    assert {
        ("brake", "held"),
        ("policy", "held"),
        ("job", "not_paused"),
        ("change", "failed"),
        ("backlog", "measured"),
    } <= read


def test_what_must_be_known_at_once_has_an_alert() -> None:
    assert [alert["name"] for alert in ALERTS] == [
        "held-changes",
        "held-policy",
        "target-unhealthy",
        "revocation-failed",
        "stale-revocation",
        "job-not-paused",
        "subscription-expiring",
        "history-lost",
        "silent",
    ]


def test_the_docs_name_every_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    section = page.partition("## Alerts")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) == [
        "dead-letters",
        *(alert["name"] for alert in ALERTS),
    ]

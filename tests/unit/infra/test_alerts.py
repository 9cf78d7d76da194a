"""The alerts read events: those that Hasten writes, by the names it gives them."""

import json
import re

import pytest

from hasten.adapters.telemetry.instruments import INSTRUMENTS
from tests.unit.infra.templates import INFRA, ROOT

ALERTS: list[dict[str, str]] = json.loads((INFRA / "app" / "alerts.json").read_text())

EVENTS = {instrument.event for instrument in INSTRUMENTS}
SOURCE = "".join(path.read_text() for path in (ROOT / "hasten").rglob("*.py"))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["name"])
def test_an_alert_asks_for_an_event_and_for_what_that_event_says(alert: dict[str, str]) -> None:
    [event] = re.findall(r"e\.event == '(\w+)'", alert["where"])
    results = re.findall(r"e\.result == '(\w+)'", alert["where"])
    fields = re.findall(r"toreal\(e\.(\w+)\)", alert["where"])

    assert event in EVENTS
    assert results or fields
    assert all(f'"{result}"' in SOURCE for result in results)
    assert set(fields) <= {item.value for item in INSTRUMENTS if item.event == event}


def test_what_must_be_heard_of_has_an_alert() -> None:
    assert {alert["name"] for alert in ALERTS} == {
        "held-changes",
        "target-unhealthy",
        "stale-revocation",
        "subscription-expiring",
    }

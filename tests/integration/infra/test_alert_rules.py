"""Alerts and workbook as Azure gets them."""

import json
from typing import Any

from hasten.ports import bus
from tests.integration.infra import variants
from tests.support.compiler import ROOT, Deployment
from tests.support.kql import objections

ALERTS: list[dict[str, Any]] = json.loads((ROOT / "infra" / "app" / "alerts.json").read_text())
LINES = 'AppTraces | where Message startswith "{" | extend e = parse_json(Message) | where '


def rules(deployment: Deployment) -> dict[str, dict[str, Any]]:
    found = deployment.of("Microsoft.Insights/scheduledQueryRules")
    return {rule["name"].removeprefix("hasten-"): rule["properties"] for rule in found}


def criterion(rule: dict[str, Any]) -> dict[str, Any]:
    [one] = rule["criteria"]["allOf"]
    return {**one}


def test_each_alert_of_the_file_is_a_rule_over_the_log() -> None:
    made = rules(variants.plain())

    assert set(made) == {alert["name"] for alert in ALERTS}
    assert all(criterion(rule)["query"].startswith(LINES) for rule in made.values())


def test_a_rule_reads_every_event_of_its_alert() -> None:
    query = criterion(rules(variants.plain())["revocation-failed"])["query"]

    assert query == (
        f'{LINES}(e.event == "alert"'
        ' and e.result in ("revocation_not_taken", "revocation_overdue", "revocation_unproven"))'
        ' or (e.event == "app_revocation" and e.result in ("still_active"))'
        ' or (e.event == "change" and e.result in ("failed") and e.action == "removed")'
        ' or (e.event == "assignment" and e.result in ("deleted"))'
    )


def test_an_event_that_is_logged_once_keeps_its_alert_until_a_person_closes_it() -> None:
    made = rules(variants.plain())

    stays = {name for name, rule in made.items() if not rule["autoMitigate"]}
    assert stays == {
        "held-changes",
        "history-lost",
        "job-not-paused",
        "revocation-failed",
        "work-given-up",
    }


def test_silence_is_an_alert_after_fifteen_minutes() -> None:
    silent = rules(variants.plain())["silent"]

    found = criterion(silent)
    assert silent["windowSize"] == "PT15M"
    assert (found["timeAggregation"], found["operator"], found["threshold"]) == (
        "Count",
        "LessThan",
        1,
    )


def test_dead_letters_of_every_queue_are_watched_by_the_metric_of_the_namespace() -> None:
    alert = variants.plain().one("Microsoft.Insights/metricAlerts")["properties"]

    [metric] = alert["criteria"]["allOf"]
    [entity] = metric["dimensions"]
    names = {name for key, name in vars(bus).items() if key.isupper() and isinstance(name, str)}
    assert (metric["metricName"], entity["name"]) == ("DeadletteredMessages", "EntityName")
    assert set(entity["values"]) == names - bus.TOPICS - {bus.ALARM}


def test_an_address_receives_every_alert_and_without_one_they_only_show_in_the_portal() -> None:
    silent, loud = variants.plain(), variants.full()

    assert silent.of("Microsoft.Insights/actionGroups") == []
    assert all(not rule["actions"]["actionGroups"] for rule in rules(silent).values())
    group = loud.one("Microsoft.Insights/actionGroups")
    assert group["properties"]["emailReceivers"][0]["emailAddress"] == "iam-team@example.com"
    assert all(rule["actions"]["actionGroups"] == [group["id"]] for rule in rules(loud).values())
    metric = loud.one("Microsoft.Insights/metricAlerts")["properties"]
    assert metric["actions"] == [{"actionGroupId": group["id"]}]


def test_the_workbook_asks_the_workspace_and_the_namespace_of_this_deployment() -> None:
    deployment = variants.plain()

    workbook = deployment.one("Microsoft.Insights/workbooks")["properties"]

    items = json.loads(workbook["serializedData"])["items"]
    [metrics] = [item["content"] for item in items if item["type"] == 10]
    assert metrics["resourceIds"] == [deployment.one("Microsoft.ServiceBus/namespaces")["id"]]
    assert workbook["sourceId"] == deployment.one("Microsoft.OperationalInsights/workspaces")["id"]


def test_every_query_of_an_alert_is_understood_by_microsofts_parser() -> None:
    made = rules(variants.plain())

    found = objections([criterion(rule)["query"] for rule in made.values()])

    assert [(name, said) for name, said in zip(made, found, strict=True) if said] == []

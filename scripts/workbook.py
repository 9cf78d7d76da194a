"""Writes infra/workbook.json: the questions of docs/operations.md with the same queries."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "operations.md"
WORKBOOK = ROOT / "infra" / "workbook.json"

LOGS = {"queryType": 0, "resourceType": "microsoft.operationalinsights/workspaces"}
"""A query reads the Log Analytics workspace."""

DEAD_LETTERS = "Are there dead letters?"
"""The question that a metric of Service Bus answers; Azure cannot export that metric to the log."""

SERVICE_BUS = "microsoft.servicebus/namespaces"
NAMESPACE_ID = "{serviceBus}"
"""infra/app/workbook.bicep replaces this by the id of the namespace."""

MAXIMUM = 3
"""The number of this aggregation of a metric."""


class Query(NamedTuple):
    question: str
    kql: str


def queries(page: str) -> Iterator[Query]:
    """Yields the KQL blocks, each with the heading above it."""
    question = ""
    block: list[str] | None = None
    for line in page.splitlines():
        if line.startswith("### "):
            question = line.removeprefix("### ")
        elif line == "```kusto":
            block = []
        elif line == "```" and block is not None:
            yield Query(question, "\n".join(block))
            block = None
        elif block is not None:
            block.append(line)


def workbook(page: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = [_parameters()]
    asked = ""
    for number, query in enumerate(queries(page)):
        if query.question != asked:
            asked = query.question
            text = {"json": f"## {asked}"}
            items.append({"type": 1, "content": text, "name": f"question {number}"})
            if asked == DEAD_LETTERS:
                items.append({"type": 10, "content": _dead_letters(), "name": "dead letters"})
        items.append({"type": 3, "content": _query(query.kql), "name": f"query {number}"})
    return {
        "version": "Notebook/1.0",
        "items": items,
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def _parameters() -> dict[str, Any]:
    person = {
        "name": "person",
        "label": "Person (object id)",
        "type": 1,
        "isRequired": False,
        "value": "",
    }
    time = {
        "name": "time",
        "label": "Time",
        "type": 4,
        "isRequired": True,
        "value": {"durationMs": 86_400_000},
        "typeSettings": {"selectableValues": [{"durationMs": d * 86_400_000} for d in (1, 7, 30)]},
    }
    content = {"version": "KqlParameterItem/1.0", "parameters": [person, time], "style": "pills"}
    return {"type": 9, "content": content | LOGS, "name": "parameters"}


def _query(kql: str) -> dict[str, Any]:
    return {
        "version": "KqlItem/1.0",
        "query": kql,
        "size": 0,
        "timeContextFromParameter": "time",
        **LOGS,
    }


def _dead_letters() -> dict[str, Any]:
    metric = {
        "namespace": SERVICE_BUS,
        "metric": f"{SERVICE_BUS}--DeadletteredMessages",
        "aggregation": MAXIMUM,
        "splitBy": ["EntityName"],
    }
    return {
        "chartId": "workbook-dead-letters",
        "version": "MetricsItem/2.0",
        "size": 0,
        "chartType": 2,
        "resourceType": SERVICE_BUS,
        "metricScope": 0,
        "resourceIds": [NAMESPACE_ID],
        "timeContextFromParameter": "time",
        "timeContext": {"durationMs": 86_400_000},
        "metrics": [metric],
        "gridSettings": {"rowLimit": 10_000},
    }


def text() -> str:
    return json.dumps(workbook(PAGE.read_text()), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    WORKBOOK.write_text(text())

"""docs/operations.md and the workbook name only what the catalogue declares, and every metric."""

import json
import re

import pytest

from hasten.adapters.telemetry.instruments import INSTRUMENTS, Instrument
from scripts.workbook import PAGE, WORKBOOK, queries, text
from tests.support import events_table
from tests.support.catalogue import CATALOGUE
from tests.unit.docs import pages

METRIC = re.compile(r"hasten\.[a-z_]+(?:\.[a-z_]+)*")
EVENT = re.compile(r"\be\.event (?:==|in) (\(.*?\)|\"[a-z_]+\")")
RESULT = re.compile(r"\be\.result (?:==|in) (\(.*?\)|\"[a-z_]+\")")
BOTH = re.compile(rf"{EVENT.pattern} and {RESULT.pattern}")
FIELD = re.compile(r"\be\.([a-z_]+)")
NAME = re.compile(r"\"([a-z_]+)\"")

QUERIES = {
    f"{page}: {query.question} {number}": query.kql
    for page, content in pages.texts().items()
    for number, query in enumerate(queries(content))
}


def unknown(kql: str) -> set[str]:
    """Names in a query that no event has: an event, a pair of event and result, or a field."""
    named = {name for found in EVENT.findall(kql) for name in NAME.findall(found)}
    asked = [event for event in CATALOGUE if event.name in named] or CATALOGUE
    pairs = {
        (name, result)
        for names, results in BOTH.findall(kql)
        for name in NAME.findall(names)
        for result in NAME.findall(results)
    }
    results = {name for found in RESULT.findall(kql) for name in NAME.findall(found)}
    return {
        *named - {event.name for event in CATALOGUE},
        *(f"{n} {result}" for n, result in pairs - _pairs()),
        *results - {result for event in asked for result in event.results},
        *set(FIELD.findall(kql))
        - {"event", "result"}
        - {name for event in asked for name in event.fields},
    }


def _pairs() -> set[tuple[str, str]]:
    return {(event.name, result) for event in CATALOGUE for result in event.results}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_only_what_an_event_has(query: str) -> None:
    assert unknown(QUERIES[query]) == set()


@pytest.mark.parametrize(
    ("kql", "found"),
    [
        ('where e.event == "brakes"', "brakes"),
        ('where e.event in ("call", "chance")', "chance"),
        ('where e.event == "brake" and e.result == "open"', "brake open"),
        ('where e.result == "hold"', "hold"),
        ('where e.event == "backlog" | project e.oldest_removal', "oldest_removal"),
    ],
)
def test_a_name_that_no_event_has_is_found(kql: str, found: str) -> None:
    assert found in unknown(kql)


def test_every_event_has_its_row() -> None:
    page = PAGE.read_text()

    assert events_table.with_table(page) == page, "run: python -m tests.support.events_table"


def test_every_symptom_names_a_result_or_an_event_with_its_result() -> None:
    cells = [row[0] for row in pages.rows(PAGE.read_text().partition("## By symptom")[2])]

    named = {words for cell in cells for words in re.findall(r"`([a-z_]+(?: [a-z_]+)?)`", cell)}

    assert {"brake held", "not_permitted"} <= named
    known = {f"{name} {result}" for name, result in _pairs()} | {result for _, result in _pairs()}
    assert named - known == set()


def test_the_workbook_is_what_the_page_says() -> None:
    assert WORKBOOK.read_text() == text(), "run: python scripts/workbook.py"


def test_the_workbook_asks_every_query_of_the_page_under_its_question() -> None:
    items = json.loads(WORKBOOK.read_text())["items"]

    asked = [item["content"]["query"] for item in items if item["type"] == 3]
    titles = [item["content"]["json"] for item in items if item["type"] == 1]

    page = list(queries(PAGE.read_text()))
    assert asked == [query.kql for query in page]
    assert titles == [f"## {title}" for title in dict.fromkeys(query.question for query in page)]


def test_every_metric_that_is_named_exists() -> None:
    named = set(METRIC.findall(PAGE.read_text())) | set(METRIC.findall(WORKBOOK.read_text()))

    assert named - {instrument.name for instrument in INSTRUMENTS} == pages.SPAN_ATTRIBUTES


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
def test_every_metric_is_described_as_it_is(instrument: Instrument) -> None:
    labels = ", ".join(f"`{label}`" for label in instrument.labels)
    row = f"| `{instrument.name}` | {instrument.kind}: {instrument.text} | {labels} |"

    assert row in PAGE.read_text()


def test_every_label_in_a_query_is_a_label_of_the_metric() -> None:
    for query in queries(PAGE.read_text()):
        named = [i for i in INSTRUMENTS if f'"{i.name}"' in query.kql]
        for label in re.findall(r"Properties\.([a-z_]+)", query.kql):
            assert any(label in instrument.labels for instrument in named), query

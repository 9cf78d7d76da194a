"""docs/operations.md and the workbook name only what the code tells, and all that is measured."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache

import pytest

from hasten.adapters.telemetry.instruments import INSTRUMENTS
from scripts.workbook import PAGE, ROOT, WORKBOOK, queries, text

METRIC = re.compile(r"hasten\.[a-z_]+(?:\.[a-z_]+)*")
EVENT = re.compile(r"\be\.event (?:==|in) (\(.*?\)|[\"'][a-z_]+[\"'])")
RESULT = re.compile(r"\be\.result (?:==|in) (\(.*?\)|[\"'][a-z_]+[\"'])")
FIELD = re.compile(r"\be\.([a-z_]+)")
NAME = re.compile(r"[\"']([a-z_]+)[\"']")
SPAN_ATTRIBUTES = {"hasten.target", "hasten.result"}


def kql() -> str:
    return "\n".join(query.kql for query in queries(PAGE.read_text()))


@cache
def words() -> frozenset[str]:
    """Every word the code may tell: its texts, and the names of keyword arguments."""
    return frozenset(_words("hasten"))


@cache
def events() -> frozenset[str]:
    """The names of events: first arguments of Event, or of what makes one."""
    return frozenset(
        node.args[0].value
        for tree in _trees("hasten")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args
        if isinstance(node.func, ast.Name | ast.Attribute)
        if ast.unparse(node.func) in {"Event", "self._queue"}
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    )


def _trees(package: str) -> Iterator[ast.Module]:
    for file in sorted((ROOT / package).rglob("*.py")):
        if "telemetry" not in file.parts:  # the table of metrics is what is being checked
            yield ast.parse(file.read_text())


def _words(package: str) -> Iterator[str]:
    for tree in _trees(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.keyword) and node.arg:
                yield node.arg


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

    assert named - {instrument.name for instrument in INSTRUMENTS} == SPAN_ATTRIBUTES


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
def test_every_metric_is_described_as_it_is(instrument: object) -> None:
    [found] = [i for i in INSTRUMENTS if i is instrument]
    labels = ", ".join(f"`{label}`" for label in found.labels)

    assert f"| `{found.name}` | {found.kind}: {found.text} | {labels} |" in PAGE.read_text()


def test_every_label_that_a_query_tells_apart_is_one_of_the_metric() -> None:
    for query in queries(PAGE.read_text()):
        named = [i for i in INSTRUMENTS if f'"{i.name}"' in query.kql]
        for label in re.findall(r"Properties\.([a-z_]+)", query.kql):
            assert any(label in instrument.labels for instrument in named), query


def test_every_event_result_and_field_in_a_query_is_told_by_the_code() -> None:
    asked = kql()

    named = {name for found in EVENT.findall(asked) for name in NAME.findall(found)}
    results = {name for found in RESULT.findall(asked) for name in NAME.findall(found)}
    fields = set(FIELD.findall(asked)) - {"event", "result"}

    assert named
    assert named - events() == set()
    assert results - words() == set()
    assert fields - words() == set()


def test_every_event_that_feeds_a_metric_is_told_by_the_code() -> None:
    assert {instrument.event for instrument in INSTRUMENTS} - events() == set()
    assert {r for i in INSTRUMENTS for r in (*i.results, *i.but_not)} - words() == set()
    assert {i.value for i in INSTRUMENTS if i.value} - words() == set()


def test_every_event_in_the_symptoms_is_told_by_the_code() -> None:
    symptoms = PAGE.read_text().partition("## By symptom")[2]

    named = re.findall(r"^\| `([a-z]+) ([a-z_]+)`", symptoms, re.MULTILINE)

    assert named
    assert {name for name, _ in named} - events() == set()
    assert {result for _, result in named} - words() == set()

"""The alert rules read events that the catalogue declares, and the catalogue names its rules."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from hasten.ports.telemetry import FieldKind
from tests.support.catalogue import CATALOGUE, Declared
from tests.unit.infra.templates import INFRA, ROOT

Rule = Mapping[str, Any]

RULES: Sequence[Rule] = json.loads((INFRA / "app" / "alerts.json").read_text())
READS = [(rule["name"], read) for rule in RULES for read in rule["events"]]

FIELD = re.compile(r"e\.(\w+)")
NUMBER = re.compile(r"toreal\(e\.(\w+)\)")
NUMBERS = {FieldKind.COUNT, FieldKind.SECONDS, FieldKind.MILLISECONDS}


def faults(rules: Iterable[Rule], events: Sequence[Declared]) -> list[str]:
    """What a rule reads and no event has, and events that name other rules than those that read
    them."""
    readers: dict[int, set[str]] = {number: set() for number in range(len(events))}
    found: list[str] = []
    for rule in rules:
        for read in rule["events"]:
            of_name = [n for n, event in enumerate(events) if event.name == read["event"]]
            fed = [n for n in of_name if events[n].results & {*read["results"]}]
            found += _unknown(rule["name"], read, [events[n] for n in fed])
            for number in fed:
                readers[number].add(rule["name"])
    wrong = [event for number, event in enumerate(events) if readers[number] != event.alerts]
    return [*found, *(f"{event.name} {set(event.results)}: {set(event.alerts)}" for event in wrong)]


def _unknown(rule: str, read: Rule, fed: Sequence[Declared]) -> Iterator[str]:
    results = {result for event in fed for result in event.results}
    yield from (f"{rule}: {read['event']} {name}" for name in {*read["results"]} - results)
    condition = read.get("where", "")
    for event in fed:
        numbers = {name for name, kind in event.fields.items() if kind in NUMBERS}
        yield from (f"{rule}: {name}" for name in {*FIELD.findall(condition)} - {*event.fields})
        yield from (f"{rule}: {name}: no number" for name in {*NUMBER.findall(condition)} - numbers)


def test_every_rule_reads_events_that_exist_and_that_name_it() -> None:
    assert faults(RULES, CATALOGUE) == []


def renamed(event: Declared, old: str) -> Declared:
    """`event` with another name for itself, for one of its results or for one of its fields."""
    new = f"{old}_renamed"
    return replace(
        event,
        name=new if event.name == old else event.name,
        results=frozenset(new if result == old else result for result in event.results),
        fields={new if name == old else name: kind for name, kind in event.fields.items()},
    )


@pytest.mark.parametrize(
    ("rule", "event", "name"),
    [
        (rule, read["event"], name)
        for rule, read in READS
        for name in (read["event"], *read["results"], *FIELD.findall(read.get("where", "")))
    ],
)
def test_a_rename_without_its_alert_rule_is_found(rule: str, event: str, name: str) -> None:
    changed = [
        renamed(each, name) if each.name == event and rule in each.alerts else each
        for each in CATALOGUE
    ]

    assert changed != CATALOGUE
    assert faults(RULES, changed) != []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["name"]))
def test_a_rule_that_is_removed_while_an_event_names_it_is_found(rule: Rule) -> None:
    assert faults([other for other in RULES if other is not rule], CATALOGUE) != []


def test_every_problem_with_a_revocation_has_an_alert() -> None:
    read = {(one["event"], result) for _, one in READS for result in one["results"]}

    doubts = {("alert", r) for event in CATALOGUE if event.name == "alert" for r in event.problems}
    assert doubts
    assert doubts <= read
    assert {
        ("brake", "held"),
        ("policy", "held"),
        ("job", "not_paused"),
        ("change", "failed"),
        ("backlog", "measured"),
    } <= read


def test_every_problem_has_an_alert() -> None:
    read = {(one["event"], result) for _, one in READS for result in one["results"]}

    problems = {(event.name, result) for event in CATALOGUE for result in event.problems}
    assert problems - read == set()


ENDS_OTHERWISE = {
    ("call", "failed"),  # Hasten calls again, and `change failed` is the end
    ("app_revocation", "several_accounts"),  # Entra ID takes the access instead
    ("alert", "grant_unproven"),  # somebody waits for access, and nobody keeps it
    ("group", "nested"),  # the people in nested groups never had access
}
"""Logged once, and of an alert that resolves itself all the same."""


def read_by(rules: Iterable[Rule]) -> set[tuple[str, str]]:
    return {
        (read["event"], result)
        for rule in rules
        for read in rule["events"]
        for result in read["results"]
    }


def test_an_alert_stays_exactly_for_what_is_logged_once() -> None:
    staying = read_by(rule for rule in RULES if rule.get("autoMitigate") is False)
    resolving = read_by(rule for rule in RULES if rule.get("autoMitigate") is not False)
    repeated = {(event.name, result) for event in CATALOGUE for result in event.repeats}

    assert staying & repeated == set(), "such an alert fires with each evaluation"
    assert resolving - repeated == ENDS_OTHERWISE, "nobody has acted when such an alert resolves"


def test_an_event_repeats_only_results_that_it_has_and_that_an_alert_reads() -> None:
    assert [event for event in CATALOGUE if event.repeats - event.results] == []
    repeated = {(event.name, result) for event in CATALOGUE for result in event.repeats}
    assert repeated - read_by(RULES) == set()


def test_every_urgent_event_has_an_alert() -> None:
    assert [rule["name"] for rule in RULES] == [
        "held-changes",
        "held-policy",
        "target-unhealthy",
        "revocation-failed",
        "stale-revocation",
        "job-not-paused",
        "subscription-expiring",
        "history-lost",
        "entries-unread",
        "notifications-refused",
        "work-given-up",
        "work-waits",
        "degraded",
        "timer-late",
        "trigger-silent",
        "unexpected-error",
        "not-configured",
        "stopped",
        "silent",
    ]


def test_the_docs_name_every_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    section = page.partition("## Alerts")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) == [
        "dead-letters",
        *(rule["name"] for rule in RULES),
    ]

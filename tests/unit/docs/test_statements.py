"""Each statement of the pages about Microsoft's services has a strength and a source."""

import re
from dataclasses import fields

import pytest

from emulator.entra import names
from emulator.functions.behaviours import HostBehaviours
from tests.unit.docs import pages, statements
from tests.unit.docs.pages import ROOT
from tests.unit.docs.statements import Assumption

PAGE = (ROOT / "docs" / "assumptions.md").read_text()
EXPERIMENTS = (ROOT / "docs" / "first-real-tenant.md").read_text()
ASSUMPTIONS = statements.assumptions(PAGE)
OF_THE_EMULATED_WORLD = {
    "docs/assumptions.md",
    "docs/first-real-tenant.md",
    "docs/emulator.md",
    "docs/reliability.md",
    "docs/evidence.md",
    "CHANGELOG.md",
}
"""Pages that state strengths in their own form, or describe what the emulator does."""

NO_OPTION = re.compile(r"^(fixed|not emulated)\b")
OPTIONS = {*names.known(), *(one.name.replace("_", "-") for one in fields(HostBehaviours))}


def options(assumption: Assumption) -> set[str]:
    return set(re.findall(r"`([a-z-]+)`", assumption.emulator))


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda one: one.text[:60])
def test_an_assumption_has_a_strength_and_what_belongs_to_it(assumption: Assumption) -> None:
    assert assumption.strength in statements.STRENGTHS
    assert options(assumption) <= OPTIONS
    if assumption.strength == "unconfirmed":
        assert "first-real-tenant.md#" in assumption.experiment
        assert options(assumption) or NO_OPTION.match(assumption.emulator)
    else:
        assert assumption.source


def test_every_experiment_answers_an_assumption() -> None:
    headings = re.findall(r"^## (\d+\. .+)$", EXPERIMENTS, re.MULTILINE)
    linked = {
        anchor
        for assumption in ASSUMPTIONS
        for anchor in re.findall(r"first-real-tenant\.md#([\w-]+)", assumption.experiment)
    }

    assert {anchor for heading in headings for anchor in pages.anchors(f"# {heading}")} == linked


def test_every_behaviour_of_the_emulated_services_belongs_to_an_assumption() -> None:
    named = set().union(*map(options, ASSUMPTIONS))

    assert named == OPTIONS


@pytest.mark.parametrize("page", pages.texts())
def test_a_mark_has_the_strength_of_its_topic(page: str) -> None:
    topics = statements.by_topic(ASSUMPTIONS)

    wrong = [
        (strength, topic)
        for strength, topic in statements.marks(pages.texts()[page])
        if strength not in topics.get(topic, set())
    ]

    assert wrong == []


def test_every_topic_is_marked_on_a_page() -> None:
    marked = {topic for text in pages.texts().values() for _, topic in statements.marks(text)}

    assert set(statements.by_topic(ASSUMPTIONS)) - marked == set()


@pytest.mark.parametrize("page", sorted(pages.texts().keys() - OF_THE_EMULATED_WORLD))
def test_no_statement_about_a_service_is_without_a_mark(page: str) -> None:
    """Add `[documented](assumptions.md#topic)`, or the strength that docs/assumptions.md gives."""
    assert statements.unmarked(pages.texts()[page]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Graph sends no notifications about assignments.",
        "| a | Entra disables an unassigned user |",
        "- it waits\n- the host abandons the message",
        "Hasten calls again. Entra's own cycle removes the access.",
    ],
)
def test_a_statement_without_a_mark_is_found(text: str) -> None:
    assert len(statements.unmarked(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Hasten waits when Graph refuses a call.",
        "Hasten calls the users whom Graph lists.",
        "Graph sends them again ([documented](assumptions.md#notifications)).",
        "```\nGraph sends nothing\n```",
    ],
)
def test_a_condition_and_a_marked_statement_are_not_found(text: str) -> None:
    assert statements.unmarked(text) == []

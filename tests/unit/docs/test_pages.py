"""The pages name nothing that does not exist, and leave out nothing that one has to know."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import azure.functions as func
import pytest
from pydantic import BaseModel

from handlers import (
    api,
    graph_lifecycle,
    graph_notifications,
    page,
    queues,
    schedules,
)
from hasten import targets_file
from hasten.destinations import Destination
from hasten.domain.changes import State
from hasten.policy import Creation, GroupPolicy
from hasten.scim import Scim
from hasten.targets import Target
from hasten.targets_file import _File
from tests.unit.docs import pages
from tests.unit.docs.pages import ROOT

README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
COMMANDS = (ROOT / "docs" / "command-line.md").read_text()

Wrong = Callable[[str, str], set[str]]

WRONG: list[tuple[Wrong, str]] = [
    (pages.unknown_settings, "set `HASTEN_NO_SUCH_SETTING`"),
    (pages.unknown_queues, "the queue `directory-chances`"),
    (pages.unknown_queues, "Q1[[provisionings]]"),
    (pages.unknown_commands, "`python -m hasten relase TOTAL`"),
    (pages.unknown_targets_of_make, "run `make demos`"),
    (pages.unknown_targets_of_make, "```sh\nmake demos\n```"),
    (pages.unknown_metrics, "`hasten.chances` counts"),
    (pages.missing_files, "(`tests/unit/watch/test_no_such_thing.py`)"),
    (pages.missing_files, "`requirement.txt` is all"),
    (pages.tests_named, "(`tests/unit/watch/test_look.py`)"),
    (pages.broken_links, "[here](docs/nowhere.md)"),
    (pages.broken_links, "[here](README.md#no-such-heading)"),
    (pages.broken_links, "[tested](docs/evidence.md#no-such-behaviour)"),
    (pages.of_this_machine, "see /home/me/hasten"),
]
"""What must not be found, each with a text in which it is."""


@pytest.mark.parametrize("page", pages.texts())
@pytest.mark.parametrize("wrong", dict.fromkeys(wrong for wrong, _ in WRONG))
def test_a_page_names_only_what_there_is(wrong: Wrong, page: str) -> None:
    assert wrong(pages.texts()[page], page) == set()


@pytest.mark.parametrize(("wrong", "text"), WRONG)
def test_a_name_that_does_not_exist_is_found(wrong: Wrong, text: str) -> None:
    assert wrong(text, "README.md") != set()


@pytest.mark.parametrize("page", [README, CONFIGURATION])
def test_every_setting_is_documented_and_no_other(page: str) -> None:
    assert set(pages.first_cells(pages.section(page, "## Settings"))) == pages.settings()


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("### The file", _File),
        ("### A destination", Destination),
        ("### A target", Target),
        ("### The app itself", Scim),
        ("### A group", GroupPolicy),
        ("### create", Creation),
    ],
)
def test_every_key_of_the_targets_file_is_documented_with_its_default(
    heading: str, model: type[BaseModel]
) -> None:
    told = pages.rows(pages.section(CONFIGURATION, heading))

    assert sorted(row[0].strip("|` ") for row in told) == sorted(model.model_fields)
    for row in told:
        said, default = row[1].strip("`"), model.model_fields[row[0].strip("|` ")].default
        if said in {"true", "false", "act", "group", "deny"} or said.isdecimal():
            assert str(default).lower() == said, row


@pytest.mark.parametrize("page", [README, CONFIGURATION])
def test_every_example_of_a_targets_file_is_accepted(page: str, tmp_path: Path) -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    assert examples
    for number, example in enumerate(examples):
        written = example
        if example.startswith("groups:"):
            indented = "".join(f"    {line}\n" for line in example.splitlines())
            written = f"targets:\n  - name: TOTAL\n    display_name: TOTAL\n{indented}"
        file = tmp_path / f"{number}.yaml"
        file.write_text(written)
        assert targets_file.load(file).targets


def test_the_example_of_the_configuration_uses_every_key() -> None:
    [example] = re.findall(r"^```yaml\n(mode:.*?)^```", CONFIGURATION, re.MULTILINE | re.DOTALL)

    used = set(re.findall(r"^[ -]*([a-z_]+):", example, re.MULTILINE))

    keys = {
        key
        for model in (_File, Target, Destination, GroupPolicy, Creation)
        for key in model.model_fields
    }
    assert keys - used == set()


@pytest.mark.parametrize("page", [README, SECURITY])
def test_every_graph_permission_is_documented_with_its_reason(page: str) -> None:
    sets = json.loads((ROOT / "infra" / "graph" / "permissions.json").read_text())

    told = re.findall(r"^\| `([A-Z]\w+(?:\.\w+)+)` \| .{8,} \| .{8,} \|$", page, re.MULTILINE)

    assert told == [name for names in sets.values() for name in names]


def test_every_state_is_in_the_diagram_and_no_other() -> None:
    diagram = ARCHITECTURE.partition("stateDiagram-v2\n")[2].partition("```")[0]

    named = set(re.findall(r"^  (\w+) -->", diagram, re.MULTILINE))
    named |= set(re.findall(r"--> (\w+)", diagram))

    assert named == {str(state) for state in State}


def test_every_function_and_every_queue_is_documented() -> None:
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    for module in (
        api,
        page,
        graph_notifications,
        graph_lifecycle,
        queues,
        schedules,
    ):
        app.register_functions(module.blueprint)

    told = pages.rows(pages.section(ARCHITECTURE, "## What runs"))

    named = {name for row in told for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {function.get_function_name() for function in app.get_functions()}
    assert {queue for queue in pages.queues() if f"`{queue}`" not in ARCHITECTURE} == set()


def test_every_command_has_its_section() -> None:
    headings = " ".join(re.findall(r"^## (.+)$", COMMANDS, re.MULTILINE))

    assert {name for name in pages.commands() if name not in headings.split()} == set()


def test_the_first_screen_gives_two_commands_and_a_picture() -> None:
    first = README.partition("\n## ")[0]

    assert re.findall(r"^make (\w+)", first, re.MULTILINE) == ["demo", "test"]
    assert re.findall(r"!\[[^]]+\]\(([^)]+)\)", first) == ["docs/pictures/now.png"]


def test_every_behaviour_with_evidence_is_claimed_and_every_claim_has_evidence() -> None:
    claimed = set().union(*map(pages.claimed, pages.texts().values()))

    assert claimed == set(pages.evidence())


@pytest.mark.parametrize("behaviour", pages.evidence())
def test_a_behaviour_names_files_with_tests(behaviour: str) -> None:
    named = [ROOT / name for name in pages.evidence()[behaviour]]

    assert named
    for path in named:
        files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        assert files, path
        assert all("def test_" in file.read_text() for file in files), path


def test_each_page_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", README))

    assert {page.name for page in (ROOT / "docs").glob("*.md")} - linked - {"README.md"} == set()

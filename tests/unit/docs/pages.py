"""What the pages name: each function takes a text and returns what in it does not exist."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from hasten.adapters.telemetry.instruments import INSTRUMENTS
from hasten.cli.main import app
from hasten.events.models import EVENT_TYPES
from hasten.scim import TOKEN_PREFIX
from hasten.settings import ADDRESS_PREFIX, Settings

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

EVIDENCE = "docs/evidence.md"

FOLDERS = "docs|emulator|examples|handlers|hasten|infra|scripts|tests|benchmarks"
FILES = re.compile(rf"`((?:{FOLDERS})/[\w./-]*|[\w.-]+\.(?:txt|sh|yaml|toml|json|py|md))`")
MADE = {"local.settings.json"}
"""Files that a reader is told to make."""

SPAN_ATTRIBUTES = {"hasten.target", "hasten.result"}
TOLD = {"hasten.notice.v1", "hasten.outcome.v1", "hasten.alert.v1"}

LOCAL = re.compile(r"(?<![\w.:/>}-])/(?:work|home|root|tmp|usr|opt|mnt|Users)/")


def texts() -> Mapping[str, str]:
    return {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}


def section(text: str, heading: str) -> str:
    """From a heading to the next one of any depth."""
    found = re.search(rf"^{re.escape(heading)}$", text, re.MULTILINE)
    assert found is not None, heading
    return re.split(r"^#", text[found.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[Sequence[str]]:
    """Of the first table: its cells without the head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split(" | ")] for line in lines[1:]]


def first_cells(text: str) -> list[str]:
    return [row[0].strip("|` ") for row in rows(text)]


def settings() -> set[str]:
    return {str(field.alias) for field in Settings.model_fields.values()}


def unknown_settings(text: str, _page: str) -> set[str]:
    """Besides the settings there are names that azd takes, those that it gives, and those of
    tokens of apps and addresses of destinations, which targets.yaml chooses."""
    taken = (ROOT / "infra" / "main.parameters.json").read_text()
    given = (ROOT / "infra" / "main.bicep").read_text()
    azd = set(re.findall(r"\$\{(HASTEN_[A-Z_]+)", taken))
    azd |= set(re.findall(r"^output (HASTEN_\w+)", given, re.MULTILINE))
    named = set(re.findall(r"\bHASTEN_[A-Z_]*[A-Z]\b", text))
    chosen = {name for name in named if name.startswith((TOKEN_PREFIX, ADDRESS_PREFIX))}
    return named - chosen - settings() - azd


@cache
def queues() -> frozenset[str]:
    entities = json.loads((ROOT / "infra" / "entities.json").read_text())
    return frozenset(entity["name"] for entity in (*entities["queues"], *entities["topics"]))


def unknown_queues(text: str, _page: str) -> set[str]:
    named = re.findall(r"\b(?:queues?|topic) `([a-z-]+)`", text)
    return {*named, *re.findall(r"\[\[([^\]]+)\]\]", text)} - queues()


@cache
def commands() -> set[str]:
    groups = {str(group.name) for group in app.registered_groups}
    return groups | {
        command.callback.__name__ for command in app.registered_commands if command.callback
    }


def unknown_commands(text: str, _page: str) -> set[str]:
    return set(re.findall(r"python -m hasten ([a-z]+)", text)) - commands()


def unknown_targets_of_make(text: str, _page: str) -> set[str]:
    made = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)
    return set(named) - set(made)


def unknown_metrics(text: str, _page: str) -> set[str]:
    known = (
        {instrument.name for instrument in INSTRUMENTS} | SPAN_ATTRIBUTES | {*EVENT_TYPES} | TOLD
    )
    named = re.findall(r"`(hasten\.[a-z_]+(?:\.[a-z0-9_]+)*)`", text)
    return set(named) - known


def missing_files(text: str, page: str) -> set[str]:
    """Files are named from the root, or from the folder of the page."""
    named = set(FILES.findall(text)) - MADE
    places = (ROOT, (ROOT / page).parent, ROOT / "infra")
    return {name for name in named if not any((at / name).exists() for at in places)}


def tests_named(text: str, page: str) -> set[str]:
    """Test files outside docs/evidence.md: the other pages link to it instead."""
    return set() if page == EVIDENCE else set(re.findall(r"`(tests/[^`]+)`", text))


def evidence() -> Mapping[str, Sequence[str]]:
    """The tests that hold each behaviour of docs/evidence.md, by the anchor of its heading."""
    _, *parts = re.split(r"^### (.+)$", texts()[EVIDENCE], flags=re.MULTILINE)
    return {
        anchor: re.findall(r"`(tests/[^`]+)`", body.partition("\n#")[0])
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
        for anchor in anchors(f"# {heading}")
    }


def claimed(text: str) -> set[str]:
    """The behaviours that a page marks as tested."""
    return set(re.findall(r"\[tested\]\((?:docs/)?evidence\.md#([^)]+)\)", text))


def broken_links(text: str, page: str) -> set[str]:
    return {link for link in _links(text) if not _leads_somewhere(link, ROOT / page)}


def _links(text: str) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?://", link):
            yield link


def _leads_somewhere(link: str, page: Path) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target.read_text()))


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def of_this_machine(text: str, _page: str) -> set[str]:
    return set(LOCAL.findall(text))

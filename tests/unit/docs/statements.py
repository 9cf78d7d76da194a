"""Finds what the pages state about Microsoft's services, and the sources that docs/assumptions.md
gives for it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.unit.docs.pages import anchors

STRENGTHS = ("documented", "reported", "seen", "unconfirmed")

MARK = re.compile(rf"\[({'|'.join(STRENGTHS)})\]\((?:docs/)?assumptions\.md#([\w-]+)\)")

SERVICE = (
    r"(?:Entra(?: ID)?|(?:Microsoft )?Graph|Service Bus|Azure(?: Monitor)?|Microsoft"
    r"|(?:The|the|Azure's)(?: Functions)? (?:host|scaler)|[Oo]n-demand provisioning"
    r"|Entra's(?: own)? cycle)"
)
BEHAVES = (
    r"(?:abandons|accepts|allows|asks|cannot|can|counts|dead-letters|delivers|disables|does|drops"
    r"|honours|keeps|lists|loses|never|may|needs|notifies|peeks|provisions|publishes|refuses"
    r"|removes|renews|scales|sends|shows|signs|skips|stops|takes|warns)"
)
CONDITION = (
    r"\b(?:although|when|while|if|until|unless|where|once|whom|that|what|whatever|how|which|as|of)"
    r"\s+"
)
STATEMENT = re.compile(rf"(?<!\w)({SERVICE}) {BEHAVES}\b")
GENERATED = re.compile(
    r"```.*?```|<!-- (?:events|bad events|measured|times).*?<!-- end.*?-->", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Assumption:
    """A row of docs/assumptions.md."""

    topic: str
    """The anchor of its heading."""

    text: str
    strength: str
    source: str
    experiment: str
    emulator: str


def assumptions(page: str) -> list[Assumption]:
    _, *parts = re.split(r"^### (.+)$", page, flags=re.MULTILINE)
    return [
        Assumption(anchor, cells[0], *_strength(cells[1]), cells[2], cells[3])
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
        for anchor in anchors(f"# {heading}")
        for cells in _rows(body)
    ]


def marks(text: str) -> list[tuple[str, str]]:
    """Returns strength and topic of each mark in a page."""
    return MARK.findall(text)


def unmarked(text: str) -> list[str]:
    """Returns the paragraphs, list items and table rows that state what a service does and have no
    mark. A condition ("when Graph refuses …") and "an error of Graph" state nothing."""
    return [
        block
        for block in _blocks(GENERATED.sub("", text))
        if not MARK.search(block) and any(_states(block))
    ]


def _states(block: str) -> Iterator[str]:
    for found in STATEMENT.finditer(block):
        if not re.search(rf"{CONDITION}$", block[: found.start()], re.IGNORECASE):
            yield found[0]


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n|\n(?=[|#]|\s*- |\d+\. )", text):
        yield " ".join(block.split())


def _rows(body: str) -> list[Sequence[str]]:
    lines = [line for line in body.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[1:]]


def _strength(cell: str) -> tuple[str, str]:
    strength, _, source = cell.partition(": ")
    return strength, source


def by_topic(found: Sequence[Assumption]) -> Mapping[str, set[str]]:
    """Returns the strengths that each topic has."""
    topics: dict[str, set[str]] = {}
    for assumption in found:
        topics.setdefault(assumption.topic, set()).add(assumption.strength)
    return topics

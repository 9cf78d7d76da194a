"""The mutants that no test can kill, each with the reason."""

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutants import ROOT, Mutant, mutants

LIST = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Entry:
    before: str
    after: str
    why: str

    def is_of(self, mutant: Mutant) -> bool:
        return (self.before, self.after) == (mutant.before, mutant.after)


def entries(text: str | None = None) -> dict[str, list[Entry]]:
    """Returns the entries of each file."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for one in tomllib.loads(LIST.read_text() if text is None else text).get("mutant", []):
        found[one["file"]].append(Entry(one["before"], one["after"], one["why"]))
    return found


def stale(listed: dict[str, list[Entry]]) -> list[str]:
    """Returns the entries that are no mutant of their file any more."""
    return [
        f"{path}: {entry.before} -> {entry.after}"
        for path, those in listed.items()
        for entry in those
        if not any(map(entry.is_of, _near(path, entry)))
    ]


def _near(path: str, entry: Entry) -> list[Mutant]:
    if not (ROOT / path).exists():
        return []
    lines = (ROOT / path).read_text().split("\n")
    first = {n for n, line in enumerate(lines, 1) if line.strip() and line.strip() in entry.before}
    return mutants(path, lambda line: line in first)

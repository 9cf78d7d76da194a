"""The mutants that no test can kill, each with the reason."""

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutants import ROOT, Mutant, mutants

LIST = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Entry:
    within: str
    """The function or the class, or ""."""
    before: str
    after: str
    why: str
    times: int = 1
    """How often it has this line."""

    def is_of(self, mutant: Mutant) -> bool:
        key = (self.within, self.before, self.after)
        return key == (mutant.within, mutant.before, mutant.after)


def entries(text: str | None = None) -> dict[str, list[Entry]]:
    """Returns the entries of each file."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for one in tomllib.loads(LIST.read_text() if text is None else text).get("mutant", []):
        found[one.pop("file")].append(Entry(**one))
    return found


def stale(listed: dict[str, list[Entry]]) -> list[str]:
    """Returns the entries that are not as many mutants of their file as they say."""
    found: list[str] = []
    for path, those in listed.items():
        near = _near(path, those)
        found += [
            f"{path} {entry.within}: {entry.before} -> {entry.after}"
            for entry in those
            if sum(map(entry.is_of, near)) != entry.times
        ]
    return found


def _near(path: str, those: list[Entry]) -> list[Mutant]:
    if not (ROOT / path).exists():
        return []
    lines = (ROOT / path).read_text().split("\n")
    listed = " ".join(entry.before for entry in those)
    near = {n for n, line in enumerate(lines, 1) if line.strip() and line.strip() in listed}
    return mutants(path, near)

"""Which tests run which lines, measured once for each state of the repository."""

import functools
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.mutants import ROOT

FOLDER = ROOT / "var" / "mutants"
CODE = ("hasten", "handlers", "tests/support", "tests/fakes")


@dataclass
class Covered:
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each test takes that passes without a mutant."""
    by_line: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    by_file: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def read(self, places: Iterable[Path]) -> None:
        for place in places:
            for test, one in json.loads(place.read_text()).items():
                if one["passed"]:
                    self.seconds[test] = one["seconds"]
                    self._add(test, one["lines"], one["files"])

    def _add(self, test: str, lines: dict[str, list[int]], files: list[str]) -> None:
        for path in files:
            self.by_file[path].add(test)
        for path, numbers in lines.items():
            for number in numbers:
                self.by_line[path, number].add(test)

    def tests_of_lines(self, path: str, lines: Iterable[int]) -> list[str]:
        return self._ordered(path, {test for line in lines for test in self.by_line[path, line]})

    def tests_of_files(self, path: str, files: Iterable[str], tests_in: set[str]) -> list[str]:
        """Returns the tests that run any of these files of Hasten, or are in these files."""
        running = {test for file in files for test in self.by_file[file]}
        return self._ordered(
            path, running | {test for test in self.seconds if _file(test) in tests_in}
        )

    def files(self) -> frozenset[str]:
        return frozenset(map(_file, self.seconds))

    def _ordered(self, path: str, tests: set[str]) -> list[str]:
        """Puts the tests of the module first, then those that take the least time."""
        own = f"tests/unit/{'/'.join(Path(path).parts[1:-1])}/test_{Path(path).stem}"
        return sorted(tests, key=lambda test: (not test.startswith(own), self.seconds[test], test))


def _file(test: str) -> str:
    return test.partition("::")[0]


def place(tests: Path) -> Path:
    """Returns where the coverage of a file of tests is kept. It is another place for each text of
    that file and of the code."""
    digest = hashlib.sha256(_code() + tests.read_bytes()).hexdigest()[:24]
    return FOLDER / "covered" / f"{tests.stem}-{digest}.json"


@functools.cache
def _code() -> bytes:
    digest = hashlib.sha256()
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()

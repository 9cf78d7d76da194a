"""The tools that judge mutants."""

import re
import subprocess
import sys

import pytest

from tests.mutants import equivalent
from tests.mutants.mutants import ROOT, of_source

MODULE = "hasten/domain/brake.py"


def changes(source: str) -> set[tuple[str, str]]:
    found = of_source("hasten/domain/one.py", source)
    return {(mutant.before, mutant.after) for mutant in found}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    if x < 3:", "    if x <= 3:"),
        ("    if x < 3:", "    if x >= 3:"),
        ("    if x < 3:", "    if not x < 3:"),
        ("    await save(x)", "    pass"),
        ("    return x in y", "    return x not in y"),
        ("    return x not in y", "    return x in y"),
        ("    return [z for z in y if z.a]", "    return [z for z in y if (not (z.a))]"),
        ("    except KeyError:", "    except CosmicRayTestingException:"),
    ],
)
def test_a_statement_is_changed(before: str, after: str) -> None:
    body = {"if": "        pass", "except": "        pass"}.get(before.split(maxsplit=1)[0], "")
    head = "    try:\n        pass\n" if "except" in before else ""
    source = f"async def one(x, y):\n{head}{before}\n{body}\n"

    assert (before.strip(), after.strip()) in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        "def one(x: int | None, *, y: int | str) -> int | None: ...\n",
        "@dataclass(frozen=True, slots=False)\nclass One: ...\n",
        "x: Literal[1, 2] | None\n",
    ],
)
def test_what_only_restricts_its_users_is_not_changed(source: str) -> None:
    assert changes(source) <= {("@dataclass(frozen=True, slots=False)", "")}


def test_the_tests_of_the_brake_kill_its_mutants() -> None:
    """As `make mutants` does with all modules and tests."""
    tests = "tests/unit/domain/test_brake.py"
    command = [sys.executable, "-m", "tests.mutants", "--module", MODULE, "--tests", tests]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout
    assert re.search(r"(\d+) mutants in \d+ s: \1 killed", ended.stdout), ended.stdout


def test_each_equivalent_mutant_is_still_one_and_has_a_reason() -> None:
    listed = equivalent.entries()

    assert equivalent.stale(listed) == []
    assert all(len(one.why) > 20 for those in listed.values() for one in those)


def test_an_entry_that_is_no_mutant_any_more_is_found() -> None:
    entry = 'file = "hasten/domain/brake.py"\nafter = "return False"\nwhy = "x"\n'
    entry += 'within = "Threshold.may_be_exceeded"\nbefore = "return removals > self.removals"\n'

    assert len(equivalent.stale(equivalent.entries(f"[[mutant]]\n{entry}"))) == 1

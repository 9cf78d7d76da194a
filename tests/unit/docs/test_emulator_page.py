"""docs/emulator.md names every behaviour of the emulated Entra, and which of them are strict."""

import re

from emulator.entra import names
from emulator.entra.behaviours import EntraBehaviours
from tests.unit.docs.pages import ROOT

PAGE = (ROOT / "docs" / "emulator.md").read_text()
ROWS = re.findall(r"^\| (`[a-z].*?) \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
NAMED = {name for row in ROWS for name in re.findall(r"`([a-z-]+)(?:=[A-Z]+)?`", row[0])}


def test_the_page_names_each_behaviour_and_no_other() -> None:
    assert {*names.known(), *names.ALIASES} == NAMED


def test_each_row_says_whether_the_behaviour_is_documented() -> None:
    assert [row[0] for row in ROWS if not re.search("documented|unconfirmed", row[2])] == []


def test_the_page_marks_the_strict_behaviours_with_their_values() -> None:
    off, strict = names.shown(EntraBehaviours.kind()), names.shown(EntraBehaviours())
    changed = {name: strict[name] for name in names.known() if strict[name] != off[name]}
    marked = {row[0].strip("`").split("=")[0]: row[1] for row in ROWS if row[1][:6] == "strict"}

    assert marked.keys() == changed.keys()
    for name, value in changed.items():
        shown = (
            "" if value is True else f", {value:g}" if isinstance(value, float) else f", {value}"
        )
        assert marked[name].startswith(f"strict{shown}:"), name

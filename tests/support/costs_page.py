"""Reads the tables of docs/costs-and-limits.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "costs-and-limits.md").read_text()


def table(heading: str) -> Mapping[str, Sequence[str]]:
    """The rows of the first table below a heading, by their first cell."""
    section = PAGE.partition(f"\n{heading}\n")[2]
    section = re.split(r"\n#", section)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    rows = [[cell.strip(" `*") for cell in line.split("|")[1:-1]] for line in lines[1:]]
    return {row[0]: row[1:] for row in rows}


def number(text: str) -> float:
    found = re.search(r"[\d,.]*\d", text)
    assert found is not None, text
    return float(found[0].replace(",", ""))

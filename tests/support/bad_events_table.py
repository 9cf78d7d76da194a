"""Writes the table of bad events into the docs: `python -m tests.support.bad_events_table`."""

import json
from pathlib import Path

from tests.support.bad_event import Bad, world
from tests.support.bad_events import CASES
from tests.support.virtual_time import virtual

PAGE = Path(__file__).parents[2] / "docs" / "onboarding-events.md"
BEGIN = "<!-- bad events: made by python -m tests.support.bad_events_table -->\n"
END = "<!-- end of bad events -->"
HEAD = "| Event | `reason` | `field` | `problem` | `fix` |\n|---|---|---|---|---|\n"


def table() -> str:
    """Returns the answer that Hasten really gives to each case."""
    rows: list[str] = []

    async def answer(bad: Bad) -> None:
        posting = await world()
        await posting.posts(bad.make(), **bad.how)
        [parked] = posting.parked()
        [fault] = json.loads(parked.properties["fields"])
        cells = [bad.name, f"`{parked.properties['reason']}`", f"`{fault['field']}`"]
        rows.append(" | ".join([*cells, fault["problem"], fault["fix"]]))

    for bad in CASES:
        virtual(answer)(bad)
    return HEAD + "".join(f"| {row} |\n" for row in rows)


def with_table(page: str) -> str:
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

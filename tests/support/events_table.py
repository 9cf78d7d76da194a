"""Writes the table of events into the docs: `python -m tests.support.events_table`."""

from pathlib import Path

from tests.support.catalogue import CATALOGUE, Declared

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN = "<!-- events: made by python -m tests.support.events_table -->\n"
END = "<!-- end of events -->"
HEAD = "| Event | Results | What | Fields | Alert |\n|---|---|---|---|---|\n"


def table() -> str:
    rows = sorted(CATALOGUE, key=lambda event: event.name)
    return HEAD + "".join(f"| {' | '.join(_cells(event))} |\n" for event in rows)


def _cells(event: Declared) -> list[str]:
    results = [
        f"**`{result}`**" if result in event.problems else f"`{result}`"
        for result in sorted(event.results)
    ]
    fields = [f"`{name}`" for name in event.fields]
    alerts = [f"`{alert}`" for alert in sorted(event.alerts)]
    return [f"`{event.name}`", *map(", ".join, (results, [event.text], fields, alerts))]


def with_table(page: str) -> str:
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""Prints the answers of commands on stdout, and everything else on stderr. Text from outside
reaches the terminal as text only: whatever is not printable is replaced, or escaped in JSON."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from hasten.printable import printable, printable_json

LINE_END = "\n"
UNBROKEN = 10_000
"""Width in characters of a table that must not break its lines: wider than any cell."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import DataclassInstance


def say(text: str) -> None:
    _print(text, stderr=False)


def complain(text: str) -> None:
    _print(text, stderr=True)


def console(*, stderr: bool) -> Console:
    """Creates a console on each call, because callers may capture the streams after import.

    A character that the stream's encoding lacks becomes "?". A table in a pipe or file is as wide
    as it needs to be, so that no id is broken over two lines.
    """
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")
    return Console(stderr=stderr, width=None if stream.isatty() else UNBROKEN)


def as_json(items: "Iterable[DataclassInstance]") -> None:
    _print_json([asdict(item) for item in items])


def as_json_object(item: "DataclassInstance") -> None:
    _print_json(asdict(item))


def table(title: str, *columns: str, rows: "Iterable[Sequence[str | Text]]") -> None:
    """Prints a table. Brackets in its cells are not rich's markup."""
    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(_text(cell) if isinstance(cell, str) else cell for cell in row))
    console(stderr=False).print(shown)


def _text(cell: str) -> Text:
    return Text(printable(cell, kept=LINE_END))


def at(time: datetime | None) -> str:
    """Formats a time in UTC to the second, like the logs; "-" for None."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else "-"


def _print(text: str, *, stderr: bool) -> None:
    shown = printable(text, kept=LINE_END)
    console(stderr=stderr).print(shown, markup=False, highlight=False, soft_wrap=True)


def _print_json(value: Any) -> None:
    """Prints a character that the stream's encoding may lack as an escape, which JSON allows."""
    stream = console(stderr=False)
    is_unicode = stream.encoding.casefold().replace("-", "").startswith("utf")
    text = json.dumps(value, default=_plain, indent=2, ensure_ascii=not is_unicode)
    stream.print(JSONHighlighter()(printable_json(text)), soft_wrap=True)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

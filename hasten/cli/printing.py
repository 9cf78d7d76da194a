"""Prints the answers of commands on stdout, and everything else on stderr."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

UNBROKEN = 10_000
"""Width in characters of a table that must not break its lines: wider than any cell."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import DataclassInstance


def say(text: str) -> None:
    console(stderr=False).print(text, markup=False, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


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
    """Prints a table. It escapes text from outside: brackets are not rich's markup, and control
    characters do not move the cursor."""
    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_still(cell)) if isinstance(cell, str) else cell for cell in row))
    console(stderr=False).print(shown)


def _still(text: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else "�" for one in text)


def at(time: datetime | None) -> str:
    """Formats a time in UTC to the second, like the logs; "-" for None."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else "-"


def _print_json(value: Any) -> None:
    """Prints a character that the stream's encoding may lack as an escape, which JSON allows."""
    stream = console(stderr=False)
    is_unicode = stream.encoding.casefold().replace("-", "").startswith("utf")
    stream.print_json(json.dumps(value, default=_plain), ensure_ascii=not is_unicode)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

"""Writes entries of the history as CSV and as JSON lines."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from hasten.domain.history import Entry
from hasten.printable import printable, printable_json
from hasten.records.history_keys import body_of

HISTORY_COLUMNS = (
    "at",
    "kind",
    "target",
    "user",
    "group",
    "action",
    "result",
    "reason",
    "next_action",
    "by",
    "why",
    "events",
    "found_by",
    "noticed",
    "found",
    "called",
    "ended",
    "expected",
    "details",
    "id",
)

LINES_AND_TABS = "\n\r\t"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins with one of these for a formula."""


def row_of(entry: Entry) -> Sequence[str]:
    """Returns the cells of an entry, in the order of HISTORY_COLUMNS."""
    steps = entry.steps
    times = (steps.noticed, steps.found, steps.called, steps.ended, steps.expected)
    return (
        entry.at.isoformat(),
        entry.kind,
        entry.target,
        entry.user,
        entry.group,
        entry.action,
        entry.result,
        entry.reason,
        entry.next_action,
        entry.by,
        entry.why,
        " ".join(f"{cause.source}|{cause.id}" for cause in entry.causes),
        entry.found_by,
        *map(_time, times),
        "; ".join(f"{name}={value}" for name, value in sorted(entry.details.items())),
        entry.id,
    )


def csv_line(cells: Iterable[str]) -> str:
    """Returns one line of CSV, with its end. A text that a spreadsheet would take for a formula
    gets an apostrophe. Characters that are not printable are replaced."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_plain(cell) for cell in cells])
    return buffer.getvalue()


def json_line(entry: Entry) -> str:
    return printable_json(json.dumps(body_of(entry), ensure_ascii=False)) + "\n"


def _plain(cell: str) -> str:
    text = printable(cell, kept=LINES_AND_TABS)
    return f"'{text}" if text.startswith(FORMULA) else text


def _time(at: datetime | None) -> str:
    return at.isoformat() if at else ""

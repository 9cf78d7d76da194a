"""`history` and `export`: who asked for what, and the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile, filled
from hasten.cli.printing import as_json_object, at, say, table
from hasten.cli.running import Code, UsageError, checked, run
from hasten.cli.since import SINCE_HELP, moment
from hasten.domain.history import Entry, EntryKind, Filter
from hasten.operate.read_history import about
from hasten.operate.tabular import HISTORY_COLUMNS, csv_line, json_line, row_of

MAX_ENTRIES_SHOWN = 100

Since = Annotated[str | None, typer.Option("--since", help=SINCE_HELP, callback=filled)]
Until = Annotated[str | None, typer.Option("--until", help=SINCE_HELP, callback=filled)]
Kinds = Annotated[
    list[EntryKind] | None, typer.Option("--kind", help="Kind of entries; default: all.")
]


class ExportFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Shown:
    entries: Sequence[Entry]
    has_more: bool


def history(
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="[USER|GROUP]",
            help="Object id, UPN, mail, employeeId, or name of a group; default: everything.",
            callback=filled,
        ),
    ] = None,
    *,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    limit: Annotated[
        int, typer.Option(help="Maximum number of entries.", min=1)
    ] = MAX_ENTRIES_SHOWN,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Shows what happened, newest first: who asked for it, when and why, and the result."""

    async def work(operator: Operator) -> Code:
        matches = _filter(operator, since, until, kind)
        if who is not None:
            matches = await about(operator.context, who.strip(), matches)
        found: list[Entry] = []
        has_more = False
        async for entry in operator.context.history.every(matches):
            has_more = len(found) == limit
            if has_more:
                break
            found.append(entry)
        if json:
            as_json_object(Shown(found, has_more))
        elif not found:
            say("No entry matches.")
        if json or not found:
            return Code.FINE if found else await checked(operator)
        columns = ("at", "what", "target", "person", "group", "by", "why")
        table(f"{len(found)} entries", *columns, rows=map(_cells, found))
        if has_more:
            say(f"More: --limit, or --until {found[-1].at.isoformat()}")
        return Code.FINE

    run(settings, work)


def export(
    *,
    since: Since = None,
    until: Until = None,
    kind: Kinds = None,
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="csv or jsonl.")
    ] = ExportFormat.CSV,
    json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Prints the whole history, newest first, as CSV or as lines of JSON."""

    async def work(operator: Operator) -> Code:
        matches = _filter(operator, since, until, kind)
        is_csv = format_ is ExportFormat.CSV and not json
        if is_csv:
            typer.echo(csv_line(HISTORY_COLUMNS), nl=False)
        is_empty = True
        async for entry in operator.context.history.every(matches):
            typer.echo(csv_line(row_of(entry)) if is_csv else json_line(entry), nl=False)
            is_empty = False
        return await checked(operator) if is_empty else Code.FINE

    run(settings, work)


def _filter(
    operator: Operator, since: str | None, until: str | None, kinds: list[EntryKind] | None
) -> Filter:
    now = operator.context.now()
    begin = moment("--since", since, now) if since else None
    end = moment("--until", until, now) if until else None
    if begin is not None and end is not None and end <= begin:
        raise UsageError("--until must be later than --since")
    return Filter(kinds=frozenset(kinds or ()), since=begin, until=end)


def _cells(entry: Entry) -> tuple[str, ...]:
    what = " ".join(text for text in (entry.kind, entry.action, entry.result) if text)
    events = " ".join(f"event {cause.id}" for cause in entry.causes)
    by = entry.by or events
    why = entry.why or entry.reason
    return at(entry.at), what, entry.target, entry.user, entry.group, by, why

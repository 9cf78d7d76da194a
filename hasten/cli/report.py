"""`report`: how long access remained after the decision to take it."""

from enum import StrEnum
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile, TargetName, filled
from hasten.cli.printing import as_json_object, say, table
from hasten.cli.running import Code, UsageError, checked, chosen, run
from hasten.cli.since import SINCE_HELP, moment
from hasten.operate.report import Report
from hasten.operate.report import report as computed
from hasten.operate.report_file import (
    REPORT_COLUMNS,
    SUMMARY_HEAD,
    as_csv,
    as_html,
    cells,
    summary_cells,
)
from hasten.printable import printable

MAX_ROWS_SHOWN = 50


class ReportFormat(StrEnum):
    TABLE = "table"
    CSV = "csv"
    HTML = "html"


def report(
    target: TargetName = None,
    *,
    since: Annotated[str, typer.Option("--from", help=SINCE_HELP, callback=filled)] = "30d",
    until: Annotated[str | None, typer.Option("--to", help=SINCE_HELP, callback=filled)] = None,
    format_: Annotated[
        ReportFormat, typer.Option("--format", help="table, csv or html.")
    ] = ReportFormat.TABLE,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Reports how long access remained after the decision to take it, and every exception."""

    async def work(operator: Operator) -> Code:
        now = operator.context.now()
        begin = moment("--from", since, now)
        end = moment("--to", until, now) if until else now
        if end <= begin:
            raise UsageError("--to must be later than --from")
        names = [one.name for one in chosen(operator, target)]
        found = await computed(operator.context, targets=names, since=begin, until=end)
        if json:
            as_json_object(found)
        elif format_ is ReportFormat.CSV:
            for line in as_csv(found):
                typer.echo(line, nl=False)
        elif format_ is ReportFormat.HTML:
            typer.echo(printable(as_html(found), kept="\n"), nl=False)
        else:
            _show(found)
        return Code.FINE if found.revocations else await checked(operator)

    run(settings, work)


def _show(found: Report) -> None:
    table("Time to revoke", *SUMMARY_HEAD, rows=map(summary_cells, found.summaries))
    if not found.exceptions:
        say("No exceptions.")
        return
    shown = [
        cells(one, found.made_at, is_exception=True) for one in found.exceptions[:MAX_ROWS_SHOWN]
    ]
    table(f"{len(found.exceptions)} exceptions", *REPORT_COLUMNS, rows=shown)
    if len(found.exceptions) > MAX_ROWS_SHOWN:
        say(f"{len(found.exceptions) - MAX_ROWS_SHOWN} more: --format csv")

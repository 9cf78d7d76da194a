"""Writes a report as CSV, and as an HTML file to print."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from hasten.domain.revocation_times import Revocation
from hasten.operate.report import Report, Summary
from hasten.operate.tabular import csv_line

REPORT_COLUMNS = (
    "target",
    "user",
    "group",
    "action",
    "noticed",
    "called",
    "taken",
    "proven",
    "seconds",
    "stand",
    "exception",
    "result",
    "reason",
    "events",
    "decisions",
)
STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#111;background:#fff}"
    "table{border-collapse:collapse;margin:1rem 0;width:100%}"
    "th,td{border:1px solid #999;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "td{overflow-wrap:anywhere}thead{display:table-header-group}tr{break-inside:avoid}"
)
EXPLAINED = (
    "The time runs from when Hasten learned of the decision to when Entra or the app said that the "
    "access was gone."
)
SUMMARY_HEAD = (
    "Target",
    "Revocations",
    "People",
    "Taken",
    "Proven",
    "Superseded",
    "Still in time",
    "Exceptions",
    "Within 5 minutes (IPSIE)",
    "Own limit",
    "Within it",
    "Median",
    "95 of 100 within",
    "Longest",
)


def as_csv(report: Report) -> Iterator[str]:
    """Yields the lines: one for each revocation, exceptions marked. Times are in UTC."""
    late = set(map(id, report.exceptions))
    yield csv_line(REPORT_COLUMNS)
    for one in report.revocations:
        yield csv_line(cells(one, report.made_at, is_exception=id(one) in late))


def cells(one: Revocation, now: datetime, *, is_exception: bool) -> Sequence[str]:
    """Returns the cells of a revocation, in the order of REPORT_COLUMNS."""
    times = (one.noticed_at, one.called_at, one.taken_at, one.proven_at)
    return (
        one.target,
        one.user,
        one.group,
        one.action,
        *(at.isoformat() if at else "" for at in times),
        f"{one.took(now).total_seconds():.1f}",
        one.stand,
        "yes" if is_exception else "",
        one.result,
        one.reason,
        " ".join(one.causes),
        "; ".join(one.decisions),
    )


def as_html(report: Report) -> str:
    """Returns one file without links to anything else."""
    late = set(map(id, report.exceptions))
    period = f"{_at(report.since)} to {_at(report.until)} (UTC)"
    rows = [cells(one, report.made_at, is_exception=id(one) in late) for one in report.revocations]
    flagged = [row for row in rows if row[REPORT_COLUMNS.index("exception")]]
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f"<title>Time to revoke, {escape(period)}</title><style>{STYLE}</style></head><body>",
            f"<h1>Time to revoke</h1><p>{escape(period)}. Made at {_at(report.made_at)}. ",
            f"Population: {len(rows)} revocations. {EXPLAINED}</p>",
            _table("By target", SUMMARY_HEAD, map(summary_cells, report.summaries)),
            _table("Exceptions", REPORT_COLUMNS, flagged) if flagged else "<p>No exceptions.</p>",
            _table("All revocations", REPORT_COLUMNS, rows),
            "</body></html>\n",
        ]
    )


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str], name: str) -> str:
        return "<tr>" + "".join(f"<{name}>{escape(cell)}</{name}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    thead = f"<thead>{line(head, 'th')}</thead>"
    return f"<h2>{escape(title)}</h2><table>{thead}<tbody>{body}</tbody></table>"


def summary_cells(one: Summary) -> Sequence[str]:
    """Returns the cells of a summary, in the order of SUMMARY_HEAD."""
    return (
        one.target,
        *map(
            str,
            (
                one.revocations,
                one.people,
                one.taken,
                one.proven,
                one.superseded,
                one.still_in_time,
                one.exceptions,
            ),
        ),
        share(one.within_ipsie),
        _seconds(one.revoke_within),
        share(one.within_own),
        _seconds(one.median_seconds),
        _seconds(one.p95_seconds),
        _seconds(one.longest_seconds),
    )


def share(part: float | None) -> str:
    """Returns a share in per cent, rounded down: 99.96 % are not all."""
    return "-" if part is None else f"{int(part * 1000) / 10:g} %"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

"""The tables of docs/costs-and-limits.md and docs/reliability.md, made of what the week showed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.soak import bill
from tests.soak.day import Day
from tests.soak.soak import Outcome
from tests.soak.truth import because_of

DOCS = Path(__file__).parents[2] / "docs"
END = "<!-- end -->"


def write(outcome: Outcome) -> None:
    """Between the markers; all else is written by hand. The costs need a day without a change."""
    _put(
        "reliability.md",
        {"week": days_table(outcome.days), "alerts of the week": alerts_table(outcome)},
    )
    if bill.quiet_day(outcome.days) is not None:
        tables = {"counted in a week": bill.counted(outcome.days), "bill": bill.month(outcome.days)}
        _put("costs-and-limits.md", tables)


def _put(name: str, tables: Mapping[str, str]) -> None:
    page = DOCS / name
    text = page.read_text(encoding="utf-8")
    for marker, table in tables.items():
        before, begin, rest = text.partition(f"<!-- {marker} -->\n")
        _, end, after = rest.partition(END)
        assert end, f"{name} has no place for the table {marker}"
        text = f"{before}{begin}{table}\n{end}{after}"
    page.write_text(text, encoding="utf-8")


def days_table(days: Sequence[Day]) -> str:
    titles = (
        "Day that ended",
        "Changes",
        "Rows of the ledger",
        "Seconds to the answer: median, 95 %",
        "Store after `tidy`",
        "Objects that an instance holds",
        "Process",
    )
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for day in days:
        median, most = day.speed
        warm = "none" if day.held_warm is None else f"{day.held_warm.objects:,}"
        speed = f"{median:.0f}, {most:.0f}" if day.cost.changes else "none"
        lines.append(
            f"| {day.ended:%A} | {day.cost.changes:,} | {day.cost.rows:,} | {speed} "
            f"| {day.kept.documents:,} documents, {day.kept.size / 2**20:.1f} MiB "
            f"| {warm} → {day.held.objects:,} | {day.process / 2**20:.0f} MiB |"
        )
    return "\n".join(lines)


def alerts_table(outcome: Outcome) -> str:
    lines = ["| Alert | Fired | Resolved | Follows from |", "|---|---|---|---|"]
    for alert in outcome.alerts:
        resolved = f"{alert.resolved_at:%H:%M}" if alert.resolved_at else "by hand"
        cause = because_of(outcome, alert) or "nothing"
        lines.append(f"| `{alert.rule}` | {alert.fired_at:%A %H:%M} | {resolved} | {cause} |")
    return "\n".join(lines)

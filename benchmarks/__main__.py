"""Runs the benchmarks: `python -m benchmarks` prints one table and exits 1 if a limit is
exceeded."""

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    app_revocations,
    busy,
    coldstart,
    drain,
    flood,
    members,
    onboarding,
    pages,
    people,
    rate,
    reconcile,
    webhook,
)
from benchmarks.row import Row
from tests.support.tenant import emulated

TARGETS = """\
targets:
  - name: TOTAL
    display_name: TOTAL
    groups: [{name: TOTAL-Engineering}]
"""


async def measure() -> list[Row]:
    rows = await members.rows()
    rows.append(await asyncio.to_thread(reconcile.row))
    rows.append(await asyncio.to_thread(people.row))
    rows.append(await asyncio.to_thread(app_revocations.row))
    rows.append(await asyncio.to_thread(flood.row))
    rows.append(await busy.row())
    rows += await pages.rows()
    rows += await rate.rows()
    with tempfile.TemporaryDirectory(prefix="hasten-bench-") as state:
        async with emulated(Path(state), targets=_policy(Path(state))) as tenant:
            host = await tenant.host()
            await tenant.watched_by(host)
            rows.append(await drain.row(tenant))
            alone = await onboarding.row(tenant)
            rows += [alone, await onboarding.looked_at_row(tenant, host, alone)]
            rows.append(await webhook.row(tenant, host))
            rows.append(await asyncio.to_thread(coldstart.row, tenant, host))
    return rows


def _policy(folder: Path) -> Path:
    path = folder / "targets.yaml"
    path.write_text(TARGETS)
    return path


def show(rows: list[Row]) -> None:
    table = Table(title="Against a floor of the same run", box=None, padding=(0, 2, 0, 0))
    for column in ("", "What", "Took", "Floor", "of", "Ratio"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        limit = f" ≤ {row.limit:g}" if row.limit else ""
        table.add_row(
            "[green]✓[/green]" if row.holds else "[red]✗[/red]",
            row.what,
            _span(row.measured),
            _span(row.floor),
            row.floor_is,
            f"{row.ratio:.2f}{limit}",
        )
    console = Console(width=110)
    console.print(table)
    for row in rows:
        if row.broken:
            console.print(f"[red]{row.what}: {row.broken}[/red]")


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    rows = asyncio.run(measure())
    show(rows)
    sys.exit(0 if all(row.holds for row in rows) else 1)

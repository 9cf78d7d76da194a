"""Prints events as they happen: notifications, calls, and writes in the app."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape

from emulator.demo.admin import Admin
from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING

GROUPS = {TOTAL_ENGINEERING: "TOTAL-Engineering", TOTAL_ADMIN: "TOTAL-Admin"}
PERIOD = 0.1

Json = dict[str, Any]


class Timeline:
    def __init__(self, console: Console, admin: Admin, started_at: float) -> None:
        self._console = console
        self._admin = admin
        self._started_at = started_at
        self._shown = {"deliveries": 0, "calls": 0, "writes": 0}
        self._told: list[tuple[float, str]] = []

    def tell(self, text: str) -> None:
        self._told.append((time.time(), f"[bold]{escape(text)}[/bold]"))

    async def follow(self) -> None:
        """Prints new events until cancelled."""
        while True:
            await self.catch_up()
            await asyncio.sleep(PERIOD)

    async def catch_up(self) -> None:
        """Prints what is new, ordered by time."""
        told, self._told = self._told, []
        lines = [
            *told,
            *((row["at"], _notified(row)) for row in await self._new("deliveries")),
            *((row["started_at"], _called(row)) for row in await self._new("calls")),
            *_wrote(await self._new("writes")),
        ]
        for at, text in sorted(lines):
            self._line(at, text)

    async def _new(self, kind: str) -> list[Json]:
        match kind:
            case "deliveries":
                rows = [row for row in await self._admin.deliveries() if row["delivered"]]
            case "calls":
                rows = await self._admin.calls()
            case _:
                rows = await self._admin.writes(self._started_at)
        seen, self._shown[kind] = self._shown[kind], len(rows)
        return rows[seen:]

    def _line(self, at: float, text: str) -> None:
        self._console.print(f"[dim]{at - self._started_at:7.3f} s[/dim]  {text}", highlight=False)


def _notified(row: Json) -> str:
    left = len(row["removed"])
    joined = len(row["users"]) - left
    told = " and ".join(
        part for part in (joined and f"{joined} joined", left and f"{left} left") if part
    )
    return f"[cyan]Graph → Hasten[/cyan]  {told} {GROUPS.get(row['group'], row['group'])}"


def _called(row: Json) -> str:
    [subject] = row["body"]["parameters"][0]["subjects"]
    if subject["objectTypeName"] == "Group":
        members = len(subject["links"]["members"])
        what = f"{GROUPS[subject['objectId']]}, {members} member{'s' * (members > 1)}"
    else:
        what = "one user"
    refused = "  [red]429[/red]" if row["throttled"] else ""
    return f"[yellow]Hasten → Graph[/yellow]  provision on demand: {what}{refused}"


def _wrote(rows: Iterable[Json]) -> Iterator[tuple[float, str]]:
    """Yields one line for each call, even if it changed several users."""
    counted = Counter((round(row["at"], 2), row["what"], row["group"]) for row in rows)
    for (at, what, group), people in counted.items():
        where = f" {GROUPS[group]}" if group else ""
        yield at, f"[green]Entra  → app[/green]    {people} x {what}{where}"

"""Watches that nothing stands still while a storm goes on: a target with rows that are due shows
progress at least every two minutes while any instance lives."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from hasten.domain.changes import Change, State
from hasten.records import call_window, shared_window, stops
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION
from tests.chaos.targets import apps
from tests.simulation.world import World
from tests.support.virtual_time import now

EVERY = 1.0
"""Seconds of virtual time between two looks."""

MAX_STANDSTILL = timedelta(minutes=2)


class Progress:
    """`stalls` has one line for each time that nothing moved for longer than MAX_STANDSTILL.

    Progress is a due row that moves, or a call on demand: one for the target, or for any target
    where all share the limit, because Entra counts so or because Hasten was told so. Nothing can
    move without a living instance, while Graph asks to wait, while the breaker is open, or while an
    operator has stopped the target.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._ledger = Ledger(world.store)
        self._open: dict[str, tuple[int, list[Change]]] = {}
        self._moved_at: dict[str, datetime] = {}
        self._due: dict[str, Mapping[str, Change]] = {}
        self._calls: dict[str, int] = {}
        self._counted = 0
        self._calls_of: Counter[str] = Counter()
        """The first `_counted` calls of the tenant, by service principal."""
        self.longest = timedelta()
        self.stalls: dict[tuple[str, datetime], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            names = [target.name for target in self._world.around.targets]
            self._moved_at = {name: at for name, at in self._moved_at.items() if name in names}
            for name in names:
                await self.look(name)

    async def look(self, target: str) -> None:
        due = await self._due_rows(target)
        before = self._due.get(target, {})
        has_moved = any(due.get(name) != row for name, row in before.items())
        calls = await self._count_calls(target)
        has_called, self._calls[target] = calls != self._calls.get(target, 0), calls
        self._due[target] = due
        if has_moved or has_called or not due or await self._must_wait(target):
            self._moved_at[target] = now()
            return
        since = self._moved_at.setdefault(target, now())
        stalled = now() - since
        self.longest = max(self.longest, stalled)
        if stalled > MAX_STANDSTILL:
            self.stalls.setdefault((target, since), self._line(target, since, due))

    async def _count_calls(self, target: str) -> int:
        calls = self._world.to_graph.calls
        pace, _ = await shared_window.load(self._world.store)
        is_shared = self._world.tenant.switches.now.shared_window
        if is_shared or pace.is_shared(self._world.around.limit_scope, now()):
            return len(calls)
        self._calls_of.update(call.app for call in calls[self._counted :])
        self._counted = len(calls)
        return self._calls_of[apps(self._world)[target]]

    async def _due_rows(self, target: str) -> Mapping[str, Change]:
        """A row in CALLING counts too: its worker may have died."""
        rows = await self._open_rows(target)
        due = [row for row in rows if row.state is not State.HELD and row.is_due(now())]
        return {f"{row.group}|{row.user}": row for row in due}

    async def _open_rows(self, target: str) -> list[Change]:
        """Reads them again only after a commit of the ledger."""
        latest = self._world.store.commits_of[LEDGER_COLLECTION, target]
        commits, rows = self._open.get(target, (-1, []))
        if commits != latest:
            rows = await self._ledger.open_changes(target)
            self._open[target] = latest, rows
        return rows

    async def _must_wait(self, target: str) -> bool:
        if not any(host.is_alive for host in self._world.hosts):
            return True
        if await stops.find(self._world.store, target):
            return True
        pace, breaker = await call_window.load(self._world.store, target)
        is_open = breaker.open_until is not None and breaker.open_until > now()
        return is_open or pace.not_before > now()

    def _line(self, target: str, since: datetime, due: Mapping[str, Change]) -> str:
        oldest = min(due.values(), key=lambda row: row.due_at)
        return (
            f"{target} stood still from {since:%H:%M:%S} on for more than {MAX_STANDSTILL}, with "
            f"{len(due)} due rows, the oldest {oldest.state} since {oldest.due_at:%H:%M:%S}: "
            f"{oldest.user} {oldest.reason}"
        )

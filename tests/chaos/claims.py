"""Watches what the ledger claims while a storm goes on: that access was taken is said only of an
account that is out of the app, or of a membership that is gone."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime

from emulator.engine.app import Account, App
from emulator.graph.seed import TOTAL
from hasten.domain.changes import Action, State
from hasten.json import Json
from tests.simulation.oracle import assigned, is_entitled
from tests.simulation.world import World

EVERY = 5.0
"""Seconds of virtual time between two looks."""

TAKEN = frozenset({State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC, State.DONE_BY_CYCLE})
GIVES = frozenset({"create", "enable"})


class Claims:
    """`false` has one line for each row that claimed what was not so, at any moment."""

    def __init__(self, world: World, lied: Callable[[], Collection[str]]) -> None:
        """`lied` returns the users about whom answers or the log were made to lie."""
        self._world = world
        self._lied = lied
        self._read: dict[str, tuple[str, Json]] = {}
        """Rows by key, with the etag under which they were read."""
        self._seen: object = None
        self.false: dict[tuple[str, str, str], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._has_news():
                self.look()

    def _has_news(self) -> bool:
        """Whether the ledger, the app or the directory may be otherwise than at the last look."""
        tenant, seen = self._world.tenant, self._seen
        writes = len(tenant.targets[TOTAL].app.writes)
        history, assignments = len(tenant.directory.history), assigned(tenant, TOTAL)
        self._seen = (self._world.store.commits, writes, history, assignments)
        return self._seen != seen

    def look(self) -> None:
        app = self._world.tenant.targets[TOTAL].app
        false = [row for row in self._rows() if self._is_false(app, row)]
        lied = self._lied() if false else ()
        for row in false:
            if row["user"] not in lied:
                key = (row["group"], row["user"], str(row["finished_at"]))
                self.false.setdefault(key, self._line(row))

    def _is_false(self, app: App, row: Json) -> bool:
        account = app.accounts.get(row["user"])
        if account is None or not account.active:
            return False
        if row["keeps_assignment"]:
            return _has_place(app, account, row) and not _given_since(app, row)
        is_wanted = is_entitled(self._world.tenant, TOTAL, row["user"])
        return not is_wanted and not _given_since(app, row)

    def _rows(self) -> Iterator[Json]:
        """Removals that ended with access taken, of the target TOTAL."""
        for key, text, etag in self._world.store.texts("ledger", "TOTAL"):
            if not key.startswith(("done|", "proof|")):
                continue
            known, row = self._read.get(key, ("", {}))
            if known != etag:
                row = json.loads(text)
                self._read[key] = (etag, row)
            if Action(row["action"]).takes_access and row["state"] in TAKEN:
                yield row

    def _line(self, row: Json) -> str:
        at = datetime.fromtimestamp(self._world.tenant.clock.wall(), UTC)
        said = f"row {row['group']} {row['user']} says {row['state']} ({row['reason']})"
        return f"{said} at {at:%H:%M:%S} while the app has the access still"


def _has_place(app: App, account: Account, row: Json) -> bool:
    """Whether the membership is there and was not given again after the row ended."""
    if row["group"] not in account.groups:
        return False
    ended = _ended(row)
    return not any(
        write.user == row["user"] and write.group == row["group"] and write.at >= ended
        for write in app.writes
        if write.what == "join"
    )


def _given_since(app: App, row: Json) -> bool:
    """Whether the account was made or enabled after the row was called: another row's doing."""
    called = datetime.fromisoformat(row["called_at"] or row["found_at"]).timestamp()
    return any(
        write.user == row["user"] and write.what in GIVES and write.at >= called
        for write in app.writes
    )


def _ended(row: Json) -> float:
    return datetime.fromisoformat(row["finished_at"]).timestamp()

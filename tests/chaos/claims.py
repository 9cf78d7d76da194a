"""Watches what the ledger claims while a storm goes on: that access was taken is said only of an
account that is out of the app, or of a membership that is gone."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime

from emulator.engine.app import Account, App
from hasten.domain.changes import Action, State
from hasten.json import Json
from tests.chaos.targets import apps
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
        self._seen: object = None
        self.false: dict[tuple[str, str, str, str], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._has_news():
                self.look()

    def _has_news(self) -> bool:
        """Whether the ledger, the app or the directory may be otherwise than at the last look."""
        tenant, seen, names = self._world.tenant, self._seen, apps(self._world).values()
        writes = [len(tenant.targets[app].app.writes) for app in names]
        assignments = [assigned(tenant, app) for app in names]
        history = len(tenant.directory.history)
        self._seen = (self._world.store.commits, writes, history, assignments)
        return self._seen != seen

    def look(self) -> None:
        for target, service_principal in apps(self._world).items():
            self._look(target, service_principal)

    def _look(self, target: str, service_principal: str) -> None:
        false = [row for row in self._rows(target) if self._is_false(service_principal, row)]
        lied = self._lied() if false else ()
        for row in false:
            if row["user"] not in lied:
                key = (target, row["group"], row["user"], str(row["finished_at"]))
                self.false.setdefault(key, self._line(target, row))

    def _is_false(self, service_principal: str, row: Json) -> bool:
        app = self._world.tenant.targets[service_principal].app
        account = app.accounts.get(row["user"])
        if account is None or not account.active:
            return False
        if row["keeps_assignment"]:
            return _has_place(app, account, row) and not _given_since(app, row)
        is_wanted = is_entitled(self._world.tenant, service_principal, row["user"])
        return not is_wanted and not _given_since(app, row)

    def _rows(self, target: str) -> Iterator[Json]:
        """Removals that ended with access taken."""
        for prefix in ("done|", "proof|"):
            for document in self._world.store.documents("ledger", target, prefix):
                row = document.body
                if row["state"] in TAKEN and Action(row["action"]).takes_access:
                    yield row

    def _line(self, target: str, row: Json) -> str:
        at = datetime.fromtimestamp(self._world.tenant.clock.wall(), UTC)
        about = f"row {target} {row['group']} {row['user']}"
        said = f"{about} says {row['state']} ({row['reason']})"
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

"""Watches what the ledger claims while a storm goes on: that access was taken is said only of an
account that is out of the app, or of a membership that is gone."""

import asyncio
import json
from datetime import UTC, datetime

from emulator.engine.app import Account, App
from emulator.graph.seed import TOTAL
from hasten.domain.changes import Action, State
from hasten.json import Json
from tests.chaos.operations import Operations
from tests.chaos.reasons import lied_to
from tests.simulation.oracle import entitled
from tests.simulation.world import World

EVERY = 5.0
"""Seconds of virtual time between two looks."""

TAKEN = frozenset({State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC, State.DONE_BY_CYCLE})
GIVES = frozenset({"create", "enable"})


class Claims:
    """`false` has one line for each row that claimed what was not so, at any moment."""

    def __init__(self, world: World, people: Operations) -> None:
        self._world = world
        self._people = people
        self.false: dict[tuple[str, str, str], str] = {}

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        app = self._world.tenant.targets[TOTAL].app
        wanted = entitled(self._world.tenant, TOTAL)
        lied = lied_to(self._world, self._people)
        for row in self._rows():
            user = row["user"]
            account = app.accounts.get(user)
            if account is None or user in lied:
                continue
            if row["keeps_assignment"]:
                is_false = _has_place(app, account, row) and not _given_since(app, row)
            else:
                is_false = account.active and user not in wanted and not _given_since(app, row)
            if is_false:
                key = (row["group"], user, str(row["finished_at"]))
                self.false.setdefault(key, self._line(row))

    def _rows(self) -> list[Json]:
        """Removals that ended with access taken, of the target TOTAL."""
        texts = self._world.store._documents
        bodies = [
            json.loads(text)
            for (collection, _, key), (text, _) in texts.items()
            if collection == "ledger" and key.startswith(("done|", "proof|"))
        ]
        return [
            body
            for body in bodies
            if body["action"] == Action.REMOVED and State(body["state"]) in TAKEN
        ]

    def _line(self, row: Json) -> str:
        at = datetime.fromtimestamp(self._world.tenant.clock.wall(), UTC)
        said = f"row {row['group']} {row['user']} says {row['state']} ({row['reason']})"
        return f"{said} at {at:%H:%M:%S} while the app has the access still"


def _has_place(app: App, account: Account, row: Json) -> bool:
    """Whether the membership is there and was not given again after the row ended."""
    if not account.active or row["group"] not in account.groups:
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

"""Watches Hasten's own writes in the app: each is about somebody whom Graph could report as
disabled, deleted or unassigned at that moment."""

import asyncio

from emulator.graph.seed import TOTAL
from tests.simulation.oracle import assigned
from tests.simulation.world import World

EVERY = 1.0
"""Seconds of virtual time between two looks."""

MAY_LAG = 90.0
"""Seconds: 55 by which a replica of Graph may lag in a storm, and the time from Hasten's read of
Graph to the arrival of its write."""

Path = tuple[str, str]
"""An enabled user, and the group that assigns the user, or the user for a direct assignment."""


class AppWrites:
    """`false` has one line for each write about somebody who was enabled and assigned for long. A
    replica that lags may show neither the group that the user has left nor the assignment that is
    new: one and the same assignment must have lasted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: object = None
        self._since: dict[Path, float] = {}
        self._looked_at = 0
        self._changes = 0
        self.false: dict[str, str] = {}
        self._follow()  # before the first operation of the storm

    async def watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        self._follow()
        written = self._world.scim.written
        for at, user in written[self._looked_at :]:
            lasting = [since for (who, _), since in self._since.items() if who == user]
            if any(at - since > MAY_LAG for since in lasting):
                self.false[user] = f"Hasten took {user} in the app, who was enabled and assigned"
        self._looked_at = len(written)

    def _follow(self) -> None:
        """Notes which assignments of enabled users there are now, and since when."""
        directory, tenant = self._world.tenant.directory, self._world.tenant
        principals = assigned(tenant, TOTAL)
        seen = (len(directory.history), principals)
        if seen == self._seen:
            return
        now = tenant.clock.wall() if self._seen is not None else 0.0
        self._seen = seen
        live = [directory.groups[p] for p in principals if p in directory.groups]
        members = [(user, g.id) for g in live if g.deleted_at is None for user in g.members]
        direct = [(user, user) for user in principals if user in directory.users]
        users, lapsed = directory.users, self._lapsed()
        lasting = {path: at for path, at in self._since.items() if not lapsed & {path, *path}}
        self._since = {
            path: lasting.get(path, now)
            for path in [*members, *direct]
            if path[0] in users and users[path[0]].is_enabled
        }

    def _lapsed(self) -> set[str | Path]:
        """Returns who was disabled, enabled or deleted since the last look, and who left which
        group: all may be as before again."""
        history = self._world.tenant.directory.history
        new, self._changes = history[self._changes :], len(history)
        return {
            change.subject.id if change.member is None else (change.member.id, change.subject.id)
            for change in new
            if change.removed or "accountEnabled" in (change.before or ())
        }

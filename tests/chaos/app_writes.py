"""Watches Hasten's own writes in the app: each is about somebody whom Graph could report as
disabled, deleted or unassigned at that moment."""

import asyncio

from emulator.graph.seed import TOTAL
from tests.simulation.oracle import assigned, is_entitled
from tests.simulation.world import World

EVERY = 1.0
"""Seconds of virtual time between two looks."""

MAY_LAG = 90.0
"""Seconds: 45 by which a replica of Graph may lag in a storm, and the time from Hasten's read of
Graph to the arrival of its write."""


class AppWrites:
    """`false` has one line for each write about somebody who was enabled and assigned for long."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: object = None
        self._out: frozenset[str] = frozenset()
        self._came_back: dict[str, float] = {}
        self._looked_at = 0
        self.false: dict[str, str] = {}

    async def watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        self._follow()
        written = self._world.scim.written
        for at, user in written[self._looked_at :]:
            since = self._came_back.get(user, 0.0)
            if user not in self._out and at - since > MAY_LAG:
                self.false[user] = f"Hasten took {user} in the app, who was enabled and assigned"
        self._looked_at = len(written)

    def _follow(self) -> None:
        """Notes who is out now, and when the others came back."""
        directory, tenant = self._world.tenant.directory, self._world.tenant
        seen = (len(directory.history), assigned(tenant, TOTAL))
        if seen == self._seen:
            return
        self._seen = seen
        out = frozenset(u for u in directory.users if not is_entitled(tenant, TOTAL, u))
        now = tenant.clock.wall()
        self._came_back |= dict.fromkeys(self._out - out, now)
        self._out = out

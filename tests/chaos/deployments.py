"""Deployments of a storm: all hosts stop in order, and start again with what targets.yaml says
then. In some, hosts with the old file and with the new one live side by side for a while. The draws
are their own: no other draw depends on them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from hasten.operate.health import differs
from hasten.records import running_targets
from tests.chaos.targets import first_name
from tests.simulation.host import RESTART, Host
from tests.simulation.world import World
from tests.support.virtual_time import now

ROLLS = 0.4
"""How likely one host after another is replaced, and not all at once."""

LONGEST_OVERLAP = 90.0
"""Seconds between two hosts at most."""

LOOKS_EVERY = 10.0
"""Seconds between two looks at whether the app has noted what it runs."""


@dataclass(frozen=True)
class Seam:
    """A deployment after which other targets share the limit of calls than before, or share it in
    another way. Processes of both kinds may have made calls from `began` to `ended`."""

    began: datetime
    ended: datetime


class Deployments:
    """`targets` are those that the storm began with, by their first names, as the next deployment
    has them, and `limit_scope` is what it has. `out` are the first names of those that the next
    deployment leaves out."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random
        self._alone = asyncio.Lock()
        self.targets = {first_name(t.name): t for t in world.around.targets}
        self.limit_scope = world.around.limit_scope
        self.out: set[str] = set()
        self.seams: list[Seam] = []

    def update(self, target: str, **changed: Any) -> None:
        """Changes the target of this first name with the next deployment."""
        self.targets[target] = self.targets[target].model_copy(update=changed)

    async def deploy(self) -> datetime:
        """Returns when the last process with other settings has ended. A host that starts
        meanwhile, after a crash, has the new ones."""
        async with self._alone:
            around, before, began = self._world.around, self._sharing(), now()
            around.targets = tuple(t for n, t in self.targets.items() if n not in self.out)
            around.limit_scope = self.limit_scope
            ended = await self._replace_all(self._world.hosts)
            if self._sharing() != before:
                self.seams.append(Seam(began, ended))
            return ended

    async def _replace_all(self, hosts: Sequence[Host]) -> datetime:
        if self._random.random() >= ROLLS:
            return await self._replace(hosts)
        first, *others = hosts
        await self._replace([first])
        await asyncio.sleep(self._random.uniform(0, LONGEST_OVERLAP))
        return await self._replace(others)

    def _sharing(self) -> object:
        """Which targets make calls, and which of these calls a process counts together."""
        around = self._world.around
        acting = frozenset(first_name(one.name) for one in around.targets if not one.observes)
        return acting, around.limit_scope

    async def _replace(self, hosts: Sequence[Host]) -> datetime:
        await asyncio.gather(*(host.stop() for host in hosts))
        ended = now()
        await asyncio.sleep(RESTART)
        for host in hosts:
            if not host.is_alive:
                host.start()
        return ended

    async def are_noted(self) -> None:
        """Returns once a sweep has noted what the app runs: until then Hasten releases nothing."""
        context, is_noted = self._world.outside_context(), False
        while not is_noted:
            await asyncio.sleep(LOOKS_EVERY)
            running = await running_targets.load(self._world.store)
            is_noted = not any(differs(context, target, running) for target in context.targets)

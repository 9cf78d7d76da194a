"""Deployments that rename a further target in a storm, or leave it out of targets.yaml for some
minutes. The draws are their own: no other draw depends on them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from emulator.graph.seed import TOTAL
from hasten.records import ledger_keys
from tests.chaos.deployments import Deployments
from tests.chaos.targets import app_of, apps, renamed
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.03
"""How likely such a deployment begins with an operation."""

RENAMES = 0.5
"""How likely it renames a target, and does not leave it out."""

RETURNS_RENAMED = 0.3
"""How likely a target that comes back has another name."""

LONGEST = timedelta(minutes=8)
"""For so long at most a target is not in targets.yaml."""

EVERY = 5.0
"""Seconds of virtual time between two looks."""

LEFT_BEHIND = timedelta(minutes=10)
"""The sweep of each minute moves what is open under a former name. Faults, crashes and further
deployments may make eight of them fail."""


@dataclass(frozen=True)
class Out:
    """From `began` to `ended` a living host may have had no target for the service principal
    `app`."""

    app: str
    began: datetime
    ended: datetime


class MovedTargets:
    """`outs` are those that have ended. `false` has one line for each change that was left behind
    under a former name."""

    def __init__(
        self, world: World, deployments: Deployments, counts: Counter[str], random: Random
    ) -> None:
        self._world = world
        self._deployments = deployments
        self._counts = counts
        self._random = random
        self._working: list[asyncio.Task[None]] = []
        self._renames = 0
        self._behind: dict[tuple[str, str], datetime] = {}
        self.outs: list[Out] = []
        self.false: dict[tuple[str, str], str] = {}

    def maybe_act(self) -> None:
        if self._random.random() >= OFTEN:
            return
        others = [name for name in self._deployments.targets if app_of(name) != TOTAL]
        if not others:
            return
        target, renames = self._random.choice(others), self._random.random() < RENAMES
        lasts = self._random.uniform(0, LONGEST.total_seconds())
        comes_renamed = self._random.random() < RETURNS_RENAMED
        if target in self._deployments.out:
            return
        if renames:
            self._spawn("rename a target", self._rename(target))
        else:
            self._deployments.out.add(target)
            self._spawn("leave a target out", self._leave_out(target, lasts, comes_renamed))

    async def are_done(self) -> None:
        """Returns once every target is in targets.yaml."""
        await asyncio.gather(*self._working)

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        behind = set(self._left_behind())
        self._behind = {row: self._behind.get(row, now()) for row in behind}
        for row, since in self._behind.items():
            if now() - since > LEFT_BEHIND:
                self.false[row] = f"{row[1]} was left behind under the former name {row[0]}"

    def _left_behind(self) -> Iterator[tuple[str, str]]:
        """Open changes under a former name of a target that has another one and makes calls."""
        acting = {app_of(t.name) for t in self._world.around.targets if not t.observes}
        for name in self._world.store.partitions("ledger"):
            if name not in apps(self._world) and app_of(name) in acting:
                for row in self._world.store.documents("ledger", name, ledger_keys.OPEN_PREFIX):
                    yield name, row.key

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._counts[name] += 1
        self._working.append(self._world.around.outside.spawn(work))

    async def _rename(self, target: str) -> None:
        self._give_name(target)
        await self._deployments.deploy()

    async def _leave_out(self, target: str, lasts: float, comes_renamed: bool) -> None:  # noqa: FBT001 - private
        began = now()
        await self._deployments.deploy()
        await asyncio.sleep(lasts)
        self._deployments.out.discard(target)
        if comes_renamed:
            self._give_name(target)
        await self._deployments.deploy()
        self.outs.append(Out(app_of(target), began, now()))

    def _give_name(self, target: str) -> None:
        self._renames += 1
        self._deployments.update(target, name=renamed(target, self._renames))

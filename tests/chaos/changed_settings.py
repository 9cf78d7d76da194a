"""Deployments that change settings in a storm: most of them for some minutes. The draws are their
own: no other draw depends on them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

from hasten.domain.shared_pace import LimitScope
from hasten.policy import Allowance, GroupPolicy
from hasten.targets import Mode
from tests.chaos.deployments import Deployments
from tests.chaos.targets import POLICY, app_of
from tests.simulation.world import World
from tests.support.virtual_time import now

OFTEN = 0.03
"""How likely such a deployment begins with an operation."""

LONGEST = timedelta(minutes=7)
"""For so long at most a target has other settings."""

TOTAL_NAME = "TOTAL"

NARROW_POLICY: tuple[GroupPolicy, ...] = tuple(
    one.model_copy(update={"events": Allowance.DENY}) if one.id else one
    for one in POLICY
    if one.name != "Made-*"
)


class Setting(StrEnum):
    MODE = "observe"
    USERS = "users off"
    POLICY = "narrow the policy"
    SCIM = "go without scim"
    LIMIT_SCOPE = "change limit_scope"


WEIGHTS = {
    Setting.MODE: 5,
    Setting.USERS: 2,
    Setting.POLICY: 2,
    Setting.SCIM: 2,
    Setting.LIMIT_SCOPE: 2,
}

OTHER: Mapping[Setting, Mapping[str, Any]] = {
    Setting.MODE: {"mode": Mode.OBSERVE},
    Setting.USERS: {"users": False},
    Setting.POLICY: {"groups": NARROW_POLICY, "direct": Allowance.DENY},
    Setting.SCIM: {"scim": None},
}
OF_TOTAL_ALONE = frozenset({Setting.POLICY, Setting.SCIM})


@dataclass
class Span:
    """The time in which the target of this first name had another setting. Processes without it
    lived until `settled`. From `left` on there may be processes without it again, and from `ended`
    on there are no others."""

    target: str
    setting: Setting
    began: datetime
    settled: datetime | None = None
    left: datetime | None = None
    ended: datetime | None = None


class ChangedSettings:
    """`spans` are in the order in which they began. `was_auto` says whether `limit_scope` was ever
    `auto`."""

    def __init__(
        self, world: World, deployments: Deployments, counts: Counter[str], random: Random
    ) -> None:
        self._world = world
        self._deployments = deployments
        self._counts = counts
        self._random = random
        self._working: list[asyncio.Task[None]] = []
        self.spans: list[Span] = []
        self.was_auto = world.around.limit_scope is LimitScope.AUTO

    def maybe_act(self) -> None:
        if self._random.random() >= OFTEN:
            return
        [setting] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        lasts = self._random.uniform(0, LONGEST.total_seconds())
        target = self._random.choice(list(self._deployments.targets))
        if setting in OF_TOTAL_ALONE:
            target = TOTAL_NAME
        if setting is Setting.LIMIT_SCOPE:
            self._spawn(setting, self._change_scope())
        elif self._may_change(target, setting):
            span = Span(target, setting, now())
            self.spans.append(span)
            self._spawn(setting, self._change(span, lasts))

    async def are_done(self) -> None:
        """Returns once every target has the settings that it had in the beginning, and the app has
        noted that."""
        await asyncio.gather(*self._working)
        await self._deployments.are_noted()

    def of(self, setting: Setting, app: str) -> list[Span]:
        """Those of the service principal."""
        return [one for one in self.spans if one.setting is setting and app_of(one.target) == app]

    def times(self, setting: Setting, app: str) -> list[tuple[datetime, datetime]]:
        """From the first process with the setting to the last."""
        return [(one.began, one.ended or now()) for one in self.of(setting, app)]

    def _may_change(self, target: str, setting: Setting) -> bool:
        """Whether the setting is as in the beginning, and the other one differs."""
        known = self._deployments.targets[target]
        return any(getattr(known, key) != value for key, value in OTHER[setting].items())

    def _spawn(self, setting: Setting, work: Coroutine[Any, Any, None]) -> None:
        self._counts[setting] += 1
        self._working.append(self._world.around.outside.spawn(work))

    async def _change(self, span: Span, lasts: float) -> None:
        deployments, other = self._deployments, OTHER[span.setting]
        own = {key: getattr(deployments.targets[span.target], key) for key in other}
        deployments.update(span.target, **other)
        span.settled = await deployments.deploy()
        await asyncio.sleep(lasts)
        span.left = now()
        deployments.update(span.target, **own)
        span.ended = await deployments.deploy()

    async def _change_scope(self) -> None:
        is_auto = self._deployments.limit_scope is LimitScope.AUTO
        self._deployments.limit_scope = LimitScope.TENANT if is_auto else LimitScope.AUTO
        self.was_auto = True
        await self._deployments.deploy()

"""A call that takes effect long after Hasten has stopped waiting for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hasten.domain.changes import State
from hasten.domain.verdicts import Answer
from hasten.errors import TemporaryError
from hasten.limits import CALL_TIMEOUT, LATEST_CALL_EFFECT
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.fakes.directory import answer
from tests.support.app_revocations import LEAVER, WAKE, row
from tests.support.world import ENGINEERING, World

LANDS = timedelta(seconds=250)
NO_ANSWER = TemporaryError("Graph did not answer: TimeoutError", timedelta(seconds=5))


class LateCall:
    """The first call to Entra ID ends with `ends` when Hasten stops waiting for it, and takes
    effect after `lands`. `calls` are the groups that the calls name, and `later` makes those after
    the first."""

    later: Callable[..., Awaitable[Answer]]

    def __init__(
        self, world: World, *, ends: BaseException | Answer = NO_ANSWER, lands: timedelta = LANDS
    ) -> None:
        self.world, self.ends, self.lands = world, ends, lands
        self.calls = list[str | None]()
        self.landing: asyncio.Task[None] | None = None
        self.later = world.directory.provision_on_demand
        world.directory.provision_on_demand = self.call  # type: ignore[method-assign]

    async def call(self, *args: Any, group: str | None, **named: Any) -> Answer:
        self.calls.append(group)
        if len(self.calls) > 1:
            return await self.later(*args, group=group, **named)
        self.landing = asyncio.create_task(self._land())
        await asyncio.sleep(CALL_TIMEOUT.total_seconds())
        if isinstance(self.ends, Answer):
            return self.ends
        raise self.ends

    async def _land(self) -> None:
        await asyncio.sleep(self.lands.total_seconds())
        self.take_effect()

    def take_effect(self) -> None:
        raise NotImplementedError


class SlowApp(LateCall):
    """Entra ID finds the user of the first call entitled, and writes late to a slow app."""

    def __init__(self, world: World, **late: Any) -> None:
        super().__init__(world, **late)
        self.id = world.app.add(LEAVER, active=False)
        world.directory.answers = self.said

    def take_effect(self) -> None:
        self.write(active=True)

    def write(self, *, active: bool) -> None:
        value, account = self.world.app.accounts[self.id]
        self.world.app.accounts[self.id] = (value, replace(account, active=active))

    def said(self, _: Any) -> Answer:
        [active] = self.world.app.active(LEAVER)
        if not active:
            return answer("Skipped", "NotEffectivelyEntitled", active=False)
        self.write(active=False)
        return answer("Success", action="Disable", active=True)


async def works(world: World, time: timedelta) -> None:
    for _ in range(int(time / timedelta(minutes=1))):
        await drain(world.context, WAKE)
        await verify(world.context)
        await asyncio.sleep(60)


async def leaves_until_that_call_has_ended(world: World, app: SlowApp) -> None:
    """The access is taken at once, and taken again from the call that lands later. Meanwhile the
    removal waits."""
    await world.left(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    early, active = await row(world), world.app.active(LEAVER)

    await works(world, LATEST_CALL_EFFECT)

    assert (early.state, active) == (State.WAITING, [False])
    assert app.landing is not None
    assert app.landing.done()
    assert world.app.active(LEAVER) == [False]

"""An app to which Entra ID writes long after Hasten has stopped waiting for the call."""

import asyncio
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


class SlowApp:
    """Entra ID finds the user of the first call entitled, and writes to the app LANDS later."""

    def __init__(
        self, world: World, *, ends: BaseException | Answer = NO_ANSWER, lands: timedelta = LANDS
    ) -> None:
        self.world, self.ends, self.lands, self.calls = world, ends, lands, 0
        self.id = world.app.add(LEAVER, active=False)
        self.landing: asyncio.Task[None] | None = None
        self.later = world.directory.provision_on_demand
        world.directory.provision_on_demand = self.call  # type: ignore[method-assign]
        world.directory.answers = self.said

    async def call(self, *args: Any, **named: Any) -> Answer:
        self.calls += 1
        if self.calls > 1:
            return await self.later(*args, **named)
        self.landing = asyncio.create_task(self.land())
        await asyncio.sleep(CALL_TIMEOUT.total_seconds())
        if isinstance(self.ends, Answer):
            return self.ends
        raise self.ends

    async def land(self) -> None:
        await asyncio.sleep(self.lands.total_seconds())
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

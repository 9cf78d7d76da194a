"""A removal of a direct assignment whose end nobody saw takes effect after a newer event has found
the person assigned: the newer event is what remains."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError
from hasten.limits import REPLICATION_SETTLED_AFTER
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import START, now, virtual
from tests.support.world import user

UNANSWERED_AFTER = timedelta(seconds=90)
SETTLED_AT = START + REPLICATION_SETTLED_AFTER + timedelta(seconds=5)
"""Then the newer event believes the assignment that Graph shows."""


async def until(second: float) -> None:
    await asyncio.sleep(second - (now() - START).total_seconds())


async def unanswered(service_principal: str, assignment: str) -> bool:
    """A removal that waits for its connection, and takes effect on its own when it has come through
    (see below)."""
    await asyncio.sleep(UNANSWERED_AFTER.total_seconds())
    raise TemporaryError("Graph did not answer", timedelta(seconds=5))


async def ensured(world: Onboarding) -> None:
    with suppress(TemporaryError):
        await world.ensures()


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_removal_that_takes_effect_late_does_not_undo_the_newer_event(*, is_killed: bool) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(user(1))
        world.directory.grant(user(1), kind="User")
        unassign = world.directory.unassign
        world.directory.unassign = unanswered  # type: ignore[method-assign]
        await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT)
        holder = asyncio.create_task(ensured(world))
        await until(1)
        await world.wants(DIRECT, user(1), age=0)
        await until(15)
        if is_killed:
            holder.cancel()
        await asyncio.wait({holder})
        world.directory.unassign = unassign  # type: ignore[method-assign]
        await until(100)
        await ensured(world)
        await until((SETTLED_AT - START).total_seconds())
        await ensured(world)
        assert len(world.given(user(1))) == 1
        assert await world.intents.open_intents(world.target.name) == []

        world.directory.granted.clear()
        await until(300)
        await world.ensures_until_done()

        assert len(world.given(user(1))) == 1

    run()

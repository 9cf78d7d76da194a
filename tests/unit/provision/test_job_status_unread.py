"""The status of the provisioning job cannot be read: no removal waits for it."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.support.verifying import WAKE, disabled, log
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user

GARBLED = TemporaryError(
    "Graph's answer is not what was asked for: status.code is not a text", timedelta(seconds=5)
)
FORBIDDEN = PermanentError("Graph answered 403", "grant Synchronization.Read.All")


def garble(world: World, error: Exception) -> list[str]:
    """Returns the ids of the jobs that are asked for from now on, without an answer."""
    asked = list[str]()

    async def job(service_principal: str, job: str) -> Json | None:
        asked.append(job)
        raise error

    world.directory.job = job  # type: ignore[method-assign]
    return asked


async def works(world: World, minutes: int) -> list[Exception]:
    """The timer `wake`. Returns what it raised."""
    raised: list[Exception] = []
    for _ in range(minutes):
        try:
            await drain(world.context, WAKE)
        except (TemporaryError, PermanentError) as error:
            raised.append(error)
        await asyncio.sleep(60)
    return raised


@pytest.mark.parametrize("error", [GARBLED, FORBIDDEN])
@virtual
async def test_a_removal_is_called_and_the_unread_status_is_told(error: Exception) -> None:
    world = World()
    await world.is_discovered()
    leavers = [user(n) for n in range(1, 31)]
    world.directory.join(ENGINEERING, *leavers)
    await world.left(ENGINEERING, *leavers)
    asked = garble(world, error)

    raised = await works(world, 3)

    assert raised == []
    rows = [await world.row(ENGINEERING, leaver) for leaver in leavers]
    assert {row.state for row in rows} == {State.SUCCEEDED}
    assert set(world.results("job")) == {"unreadable"}
    assert len(asked) == len(world.results("job")) <= 4


@virtual
async def test_a_grant_waits_for_the_status_and_delays_no_removal_beside_it() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await world.joined(ENGINEERING, user(2))
    reads = world.directory.job
    garble(world, GARBLED)

    raised = await works(world, 2)
    joiner = await world.row(ENGINEERING, user(2))
    world.directory.job = reads  # type: ignore[method-assign]
    await works(world, 1)

    assert raised == [GARBLED] * 2
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    assert joiner.state is State.PENDING
    assert (await world.row(ENGINEERING, user(2))).state is State.SUCCEEDED


@virtual
async def test_the_log_proves_removals_although_the_status_cannot_be_read() -> None:
    world = await disabled()
    world.directory.join(ENGINEERING, user(2))
    await world.left(ENGINEERING, user(2))
    await drain(world.context, WAKE)
    garble(world, GARBLED)
    for leaver in (user(1), user(2)):
        log(world, leaver, "disable")

    with pytest.raises(TemporaryError, match=r"status\.code"):
        await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE
    assert (await world.row(ENGINEERING, user(2))).state is State.CONFIRMED

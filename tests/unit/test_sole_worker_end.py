"""The end of a worker: a beat is refused, the lease is lost as the worker lets go, and a bug
surfaces all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.records.lease import Lease
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.sole_worker import alone, work_alone
from tests.support.leases import displaced
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, World

WAKE = Wake(target=TOTAL)
LONG = 60.0
"""Seconds, in which a holder that does not beat is displaced."""


async def without_a_wake(world: World, works: Callable[[], Awaitable[None]]) -> None:
    async with alone(world.context, WAKE, WorkKind.DRAIN, by=WokenBy.POLICY, patience=timedelta()):
        await works()


REFUSALS = [
    PermanentError("Azure answered 403", "give the role"),
    TemporaryError("Azure answered 503", timedelta(seconds=1)),
    Conflict("lease|drain"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_holder_whose_beat_was_refused_once_goes_on_beating(refusal: Exception) -> None:
    @virtual
    async def run() -> None:
        world = World()
        refusals = [refusal]

        async def works(lease: Lease, until: datetime) -> bool:
            await lease.take_mark()
            beat = lease.beat

            async def refused() -> None:
                if refusals:
                    raise refusals.pop()
                await beat()

            monkey.setattr(Lease, "beat", lambda _: refused())
            await asyncio.sleep(LONG)
            return False

        with pytest.MonkeyPatch.context() as monkey:
            holder = asyncio.create_task(work_alone(world.context, WAKE, WorkKind.DRAIN, works))
            await asyncio.sleep(LONG - 5)
            assert not await work_alone(world.context, WAKE, WorkKind.DRAIN, works)
            holder.cancel()
        assert not refusals

    run()


@virtual
async def test_a_bug_in_the_beat_surfaces_when_the_work_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def breaks(_: Lease) -> None:
        raise KeyError("a bug")

    async def works(lease: Lease, until: datetime) -> bool:
        await asyncio.sleep(10)
        return False

    monkeypatch.setattr(Lease, "beat", breaks)

    with pytest.raises(KeyError):
        await work_alone(World().context, WAKE, WorkKind.DRAIN, works)


@virtual
async def test_work_without_a_wake_that_is_displaced_as_it_lets_go_is_tried_again() -> None:
    world = World()

    async def works() -> None:
        await displaced(world)

    with pytest.raises(TemporaryError, match="another worker of the target took over"):
        await without_a_wake(world, works)


@virtual
async def test_a_bug_in_the_beat_surfaces_though_the_lease_was_lost_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()

    async def breaks(_: Lease) -> None:
        raise KeyError("a bug")

    async def works(lease: Lease, until: datetime) -> bool:
        await asyncio.sleep(LONG)
        await displaced(world)
        await lease.commit()
        return False

    monkeypatch.setattr(Lease, "beat", breaks)

    with pytest.raises(KeyError):
        await work_alone(world.context, WAKE, WorkKind.DRAIN, works)


@virtual
async def test_a_bug_in_work_without_a_wake_surfaces_though_the_lease_was_lost() -> None:
    world = World()

    async def works() -> None:
        await displaced(world)
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await without_a_wake(world, works)


@virtual
async def test_work_without_a_wake_that_ends_in_an_error_frees_the_lease_and_wakes() -> None:
    world = World()

    async def works() -> None:
        assert not await work_alone(world.context, WAKE, WorkKind.DRAIN, nothing)
        raise PermanentError("Graph answered 403", "grant the permission")

    with pytest.raises(PermanentError):
        await without_a_wake(world, works)

    assert len(world.bus.of(WAKE.queue)) == 1
    assert await work_alone(world.context, WAKE, WorkKind.DRAIN, nothing)


async def nothing(lease: Lease, until: datetime) -> bool:
    await lease.take_mark()
    return False


@virtual
async def test_a_bug_surfaces_though_the_lease_was_lost_meanwhile() -> None:
    world = World()

    async def breaks(lease: Lease, until: datetime) -> bool:
        await displaced(world)
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await work_alone(world.context, WAKE, WorkKind.DRAIN, breaks)

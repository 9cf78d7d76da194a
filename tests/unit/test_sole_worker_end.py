"""The end of a worker: a beat is refused, the lease is lost as the worker lets go, and a bug
surfaces all the same."""

import asyncio
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

    with pytest.raises(TemporaryError, match="another worker of the target took over"):
        async with alone(
            world.context, WAKE, WorkKind.DRAIN, by=WokenBy.POLICY, patience=timedelta()
        ):
            await displaced(world)


@virtual
async def test_a_bug_surfaces_though_the_lease_was_lost_meanwhile() -> None:
    world = World()

    async def breaks(lease: Lease, until: datetime) -> bool:
        await displaced(world)
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await work_alone(world.context, WAKE, WorkKind.DRAIN, breaks)

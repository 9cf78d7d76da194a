"""A drain that may not call for a while: Graph's 429, and the hour of the target."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from hasten.domain.changes import State
from hasten.domain.pacing import GRANTS_SHARE_OF_HOUR, HOUR
from hasten.limits import CALL_WINDOW
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from hasten.targets import Target
from tests.fakes.directory import OnDemand, answer
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
POISON = user(1)


@virtual
async def test_a_429_holds_all_calls_until_retry_after_and_counts() -> None:
    world = World()
    await world.is_discovered()
    world.directory.seconds_per_call = 0.1

    def refuse_the_first(call: OnDemand) -> object:
        if call is world.directory.calls[0]:
            return answer(status=429)
        return answer()

    world.directory.answers = refuse_the_first  # type: ignore[assignment]
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    [wake] = world.bus.of(PROVISIONING)
    assert wake.at is not None
    await asyncio.sleep((wake.at - now()).total_seconds())
    await drain(world.context, WAKE)

    first, second = world.directory.calls
    assert second.at - first.at >= CALL_WINDOW
    assert world.results("call") == ["sent", "throttled", "sent", "succeeded"]
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED


@virtual
async def test_a_spent_hour_ends_the_drain_and_schedules_its_next_wake() -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, max_calls_per_hour=5))
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(30)))

    await drain(world.context, WAKE)

    [wake] = world.bus.of(PROVISIONING)
    assert len(world.directory.calls) == 4
    assert now() - START < timedelta(minutes=1)
    assert wake.at is not None
    assert timedelta(minutes=59) < wake.at - START <= timedelta(minutes=61)


@virtual
async def test_grants_leave_a_part_of_the_hour_to_revocations() -> None:
    """A wake comes with each change."""
    world = World(target=Target(name=TOTAL, display_name=TOTAL, max_calls_per_hour=60))
    await world.is_discovered()
    leavers = [user(9000 + n) for n in range(12)]
    world.directory.join(ADMIN, *leavers)
    await world.joined(ENGINEERING, *(user(n) for n in range(400)))
    await drain(world.context, WAKE)
    assert len(world.directory.calls) == 60 * GRANTS_SHARE_OF_HOUR
    await asyncio.sleep(60)
    began = now()

    await world.left(ADMIN, *leavers)
    await drain(world.context, WAKE)

    late = world.directory.calls[48:]
    assert sorted(name for call in late for name in call.users) == leavers
    assert late[-1].at - began < timedelta(seconds=40)
    await world.joined(ADMIN, user(1))
    await asyncio.sleep(60)
    await drain(world.context, WAKE)
    assert len(world.directory.calls) == 60


@virtual
async def test_a_leaver_comes_at_once_while_the_grants_of_a_drain_wait_for_the_hour() -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, max_calls_per_hour=10))
    await world.is_discovered()
    world.directory.join(ADMIN, user(9000))
    await world.joined(ENGINEERING, *(user(n) for n in range(80)))
    await drain(world.context, WAKE)
    assert len(world.directory.calls) == 8
    await asyncio.sleep(HOUR.total_seconds() - 120)
    context = world.context
    waiting = asyncio.create_task(drain(context, WAKE))  # for the end of the hour
    await asyncio.sleep(30)
    began = now()

    await world.left(ADMIN, user(9000))
    await drain(context, WAKE)
    await waiting

    [at] = [call.at for call in world.directory.calls if call.users == (user(9000),)]
    assert at - began < timedelta(seconds=1)


@virtual
async def test_a_long_retry_after_ends_the_drain_and_schedules_its_next_wake() -> None:
    world = World()
    await world.is_discovered()
    refused = replace(answer(status=429), retry_after=timedelta(minutes=30))
    world.directory.answers = lambda _: refused
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)
    await world.joined(ENGINEERING, user(2))
    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1
    assert now() - START < timedelta(minutes=1)
    assert all(wake.at is not None for wake in world.bus.of(PROVISIONING))

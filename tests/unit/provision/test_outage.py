"""A target that answers with errors: the breaker spares it, and revocations come first after it."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.context import Context
from hasten.domain.breaker import (
    BREAKER_MAX_PAUSE,
    BREAKER_MIN_PAUSE,
    FAILED_OFTEN,
    FAILURES_TO_OPEN,
)
from hasten.domain.changes import State
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from tests.fakes.directory import answer
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
FURTHER = timedelta(seconds=37)


async def down() -> World:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: answer(status=503)
    return world


async def drained(world: World, *, until: timedelta) -> None:
    """Drains whenever a wake that was sent is due."""
    while now() - START < until:
        await drain(world.context, WAKE)
        await asyncio.sleep(5)


@virtual
async def test_after_as_many_failures_as_a_window_has_calls_only_probes_are_made() -> None:
    world = await down()
    await world.joined(ENGINEERING, *(user(n) for n in range(50)))

    await drain(world.context, WAKE)

    first, *probes = [call.at for call in world.directory.calls[FAILURES_TO_OPEN - 1 :]]
    assert all(b - a >= BREAKER_MIN_PAUSE for a, b in itertools.pairwise([first, *probes]))
    assert world.results("breaker") == ["open"]
    assert any(wake.at and wake.at > now() for wake in world.bus.of(PROVISIONING))


@virtual
async def test_people_of_a_call_that_was_not_answered_are_called_together_again() -> None:
    world = await down()
    await world.joined(ENGINEERING, *(user(n) for n in range(5)))
    await drain(world.context, WAKE)
    world.directory.answers = None

    await drained(world, until=timedelta(minutes=15))

    assert {len(call.users) for call in world.directory.calls} == {5}


@virtual
async def test_an_outage_of_half_an_hour_costs_few_calls_and_no_change() -> None:
    world = await down()
    await world.joined(ENGINEERING, *(user(n) for n in range(20)))
    await drained(world, until=timedelta(minutes=30))
    spent = len(world.directory.calls)
    world.directory.answers = None

    await drained(world, until=timedelta(minutes=40))

    assert spent <= 20
    rows = [await world.row(ENGINEERING, user(n)) for n in range(20)]
    assert {row.state for row in rows} == {State.SUCCEEDED}


@virtual
async def test_the_first_call_after_an_outage_or_the_next_is_the_revocation() -> None:
    world = await down()
    world.directory.join(ADMIN, user(99))
    await world.joined(ENGINEERING, *(user(n) for n in range(20)))
    await drained(world, until=timedelta(minutes=10))
    await world.left(ADMIN, user(99))
    await drained(world, until=timedelta(minutes=30))
    before = len(world.directory.calls)
    world.directory.answers = None

    await drained(world, until=timedelta(minutes=40))

    first, second = world.directory.calls[before : before + 2]
    assert (user(99),) in {first.users, second.users}
    assert second.at - first.at <= timedelta(seconds=5)


@virtual
async def test_one_bad_answer_among_good_ones_opens_nothing() -> None:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda call: answer(status=503 if user(1) in call.users else 200)
    await world.joined(ENGINEERING, *(user(n) for n in range(40)))

    await drain(world.context, WAKE)

    assert world.results("breaker") == []


async def leavers_beside(world: World, bad: int) -> list[timedelta]:
    """The removals of so many people always fail. Returns how long each of five leavers, one by
    one, waits for a call. Each comes in another part of the longest pause."""
    unlucky = {user(n) for n in range(bad)}
    others = [user(100 + n) for n in range(5)]
    world.directory.join(ENGINEERING, *unlucky)
    world.directory.join(ADMIN, *others)
    world.directory.answers = lambda call: (
        answer("Failure", "InternalServerError")
        if unlucky & set(call.users)
        else answer(action="Disable", active=True)
    )
    context = world.context
    await world.left(ENGINEERING, *unlucky)
    timer = asyncio.create_task(drains_for_ever(context))
    left_at = {}
    await asyncio.sleep(1200)  # the calls of the unlucky have failed often
    for other in others:
        await asyncio.sleep((BREAKER_MAX_PAUSE + FURTHER).total_seconds())
        left_at[other] = now()
        await world.left(ADMIN, other)
        await drain(context, WAKE)  # its wake, which leaves a mark
    await asyncio.sleep(2 * BREAKER_MIN_PAUSE.total_seconds())
    timer.cancel()
    called = {call.users[0]: call.at for call in reversed(world.directory.calls)}
    return [called[other] - at for other, at in left_at.items()]


async def drains_for_ever(context: Context) -> None:
    while True:
        await drain(context, WAKE)
        await asyncio.sleep(5)


@pytest.mark.parametrize("bad", [1, 2, FAILURES_TO_OPEN - 1, FAILURES_TO_OPEN, 12])
def test_people_whose_calls_always_fail_delay_no_leaver_by_more_than_the_shortest_pause(
    bad: int,
) -> None:
    @virtual
    async def run() -> None:
        world = World()
        await world.is_discovered()

        waits = await leavers_beside(world, bad)

        assert max(waits) <= BREAKER_MIN_PAUSE + timedelta(seconds=20)
        if bad < FAILURES_TO_OPEN:
            assert max(waits[1:]) <= timedelta(seconds=12)
            assert len(world.results("breaker")) <= 2

    run()


@virtual
async def test_an_app_that_is_down_is_spared_although_new_people_leave_all_the_time() -> None:
    world = await down()
    people = [user(n) for n in range(120)]
    world.directory.join(ENGINEERING, *people)
    context = world.context
    timer = asyncio.create_task(drains_for_ever(context))
    for start in range(0, 120, 10):
        await world.left(ENGINEERING, *people[start : start + 10])
        await drain(context, WAKE)
        await asyncio.sleep(60)
    timer.cancel()

    at = [call.at for call in world.directory.calls]
    late = at[FAILURES_TO_OPEN:]
    assert all(b - a >= BREAKER_MIN_PAUSE for a, b in itertools.pairwise(late))


@virtual
async def test_an_app_that_goes_down_again_is_spared_by_those_who_failed_often() -> None:
    world = await down()
    people = [user(n) for n in range(40)]
    await world.joined(ENGINEERING, *people)
    rows = await world.ledger.open_changes(TOTAL)
    await world.ledger.move(rows, lambda row: replace(row, attempts=FAILED_OFTEN, alone=True))

    await drain(world.context, WAKE)

    first, *probes = [call.at for call in world.directory.calls[FAILURES_TO_OPEN - 1 :]]
    assert all(b - a >= BREAKER_MIN_PAUSE for a, b in itertools.pairwise([first, *probes]))
    assert world.results("breaker") == ["open"]

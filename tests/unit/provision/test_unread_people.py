"""People whom Graph cannot return, or returns late, delay nobody else. While it returns nobody, no
joiner is called."""

import asyncio
import itertools
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.breaker import FAILURES_TO_OPEN
from hasten.domain.changes import State
from hasten.domain.row_states import retried, returned
from hasten.provision.drain import drain
from hasten.provision.plan_calls import REMOVALS_AT_ONCE
from hasten.provision.removal_status import PLAN_WAIT
from hasten.provision.triage import JOB_PROBLEM_PAUSE, UNREADABLE_USER_PAUSE
from hasten.provision.unread_people import SHARE_OF_OUTAGE
from tests.fakes.directory import answer
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user
from tests.unit.provision.unread import (
    HANGS,
    JOINER,
    OTHER,
    WAKE,
    called,
    drains,
    leavers,
    were_called_lately,
)


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("count", [1, REMOVALS_AT_ONCE, 4 * REMOVALS_AT_ONCE])
def test_any_number_of_people_whom_graph_cannot_return_delays_no_leaver_and_no_joiner(
    count: int, *, halves: bool
) -> None:
    @virtual
    async def run() -> None:
        world, directory = await leavers(count)
        directory.halves = halves
        await world.left(ADMIN, OTHER)
        await world.joined(ADMIN, JOINER)

        await drain(world.context, WAKE)

        assert called(world) == [OTHER, JOINER]
        assert directory.calls[0].at - now() < timedelta(seconds=1)

    run()


@virtual
async def test_a_leaver_comes_before_people_whom_graph_did_not_return_again() -> None:
    world, directory = await leavers(4 * REMOVALS_AT_ONCE)
    directory.takes = timedelta(seconds=4)
    await drain(world.context, WAKE)
    await asyncio.sleep(60)  # all are due again
    await world.left(ADMIN, OTHER)
    began = now()

    await drain(world.context, WAKE)

    assert called(world) == [OTHER]
    assert directory.calls[0].at - began <= PLAN_WAIT


@pytest.mark.parametrize("count", [1, 3 * REMOVALS_AT_ONCE])
def test_during_an_outage_nobody_is_called_and_after_it_everybody_is(
    count: int,
) -> None:
    @virtual
    async def run() -> None:
        world, directory = await leavers(count)
        await world.joined(ADMIN, JOINER)
        directory.lost |= {JOINER}

        await drains(world, for_=timedelta(minutes=4))
        assert called(world) == []
        reads = Counter(name for _, name in directory.read if name != JOINER)
        assert max(reads.values()) <= timedelta(minutes=4) / UNREADABLE_USER_PAUSE
        directory.lost, ended = frozenset(), now()
        await drains(world, for_=timedelta(minutes=5))

        assert sorted(called(world)) == sorted([*(user(n) for n in range(count)), JOINER])
        if count == 1:
            [at] = [call.at for call in directory.calls if user(0) in call.users]
            assert at - ended <= timedelta(minutes=4) / SHARE_OF_OUTAGE + timedelta(seconds=5)

    run()


@virtual
async def test_the_pause_of_who_cannot_be_read_grows_with_the_time_and_has_an_end() -> None:
    world, directory = await leavers(1)
    await were_called_lately(world, user(0))

    await drains(world, for_=(SHARE_OF_OUTAGE + 3) * JOB_PROBLEM_PAUSE)

    times = [at for at, _ in directory.read]
    pauses = [b - a for a, b in itertools.pairwise(times)]
    slack = timedelta(seconds=5)
    assert pauses == sorted(pauses)
    assert UNREADABLE_USER_PAUSE <= pauses[0] <= UNREADABLE_USER_PAUSE + slack
    assert JOB_PROBLEM_PAUSE <= pauses[-1] <= JOB_PROBLEM_PAUSE + slack
    assert all(pause <= UNREADABLE_USER_PAUSE + slack for pause in pauses[:5])


@virtual
async def test_a_row_that_could_be_read_again_begins_with_the_short_pause() -> None:
    world, directory = await leavers(1)
    await drains(world, for_=SHARE_OF_OUTAGE * JOB_PROBLEM_PAUSE)
    directory.lost = frozenset()
    await drains(world, for_=JOB_PROBLEM_PAUSE)

    row = await world.row(ENGINEERING, user(0))
    assert row.state is State.SUCCEEDED
    assert returned(row, now=now(), reason="").unread_since is None


@pytest.mark.parametrize("are_unread", [True, False])
def test_a_read_that_takes_long_delays_no_leaver_by_more_than_a_few_seconds(
    *, are_unread: bool
) -> None:
    """Neither a read that fails in the end, nor one that succeeds."""

    @virtual
    async def run() -> None:
        world, directory = await leavers(1, are_unread=are_unread)
        directory.takes, directory.slow_for = HANGS, frozenset({user(0)})
        others = [user(9100 + n) for n in range(20)]
        directory.join(ADMIN, *others)
        timer = asyncio.create_task(drains(world, for_=timedelta(minutes=30)))
        waits = []
        for other in others:
            await world.left(ADMIN, other)
            waits.append(-(now() - START))
            await drain(world.context, WAKE)
            await asyncio.sleep(23)
        await timer
        at = {call.users: call.at - START for call in directory.calls}
        waits = [began + at[(other,)] for began, other in zip(waits, others, strict=True)]

        assert max(waits) <= PLAN_WAIT + timedelta(seconds=2)
        assert sum(waits, timedelta(0)) / len(waits) <= timedelta(seconds=3)

    run()


@virtual
async def test_what_a_slow_read_shows_is_used_though_a_plan_does_not_wait_for_it() -> None:
    world, directory = await leavers(5, are_unread=False)
    directory.takes = timedelta(seconds=40)
    directory.slow_for = frozenset(user(n) for n in range(5))

    await drain(world.context, WAKE)

    assert len(called(world)) == 5
    assert directory.calls[-1].at - START < timedelta(seconds=50)


@virtual
async def test_a_slow_read_that_began_before_the_row_was_found_anew_is_repeated() -> None:
    world, directory = await leavers(1, are_unread=False)
    directory.takes, directory.slow_for = timedelta(seconds=40), frozenset({user(0)})
    running = asyncio.create_task(drain(world.context, WAKE))
    await asyncio.sleep(20)
    row = await world.row(ENGINEERING, user(0))
    await world.ledger.move([row], lambda row: replace(row, found_at=now()))
    await running

    [call] = directory.calls
    assert call.at - START >= timedelta(seconds=80)


@virtual
async def test_a_drain_whose_time_is_over_leaves_a_slow_read_to_the_next() -> None:
    world, directory = await leavers(1, are_unread=False)
    directory.takes, directory.slow_for = timedelta(hours=1), frozenset({user(0)})

    await drain(world.context, WAKE, longest=timedelta(seconds=30))

    assert (await world.row(ENGINEERING, user(0))).state is State.PENDING
    directory.slow_for = frozenset()
    await drain(world.context, WAKE)
    assert called(world) == [user(0)]


@virtual
async def test_a_removal_that_an_operator_waits_for_goes_before_older_ones() -> None:
    world, directory = await leavers(4 * REMOVALS_AT_ONCE, are_unread=False)
    await world.left(ADMIN, OTHER)
    row = await world.row(ADMIN, OTHER)
    await world.ledger.move([row], lambda row: replace(row, on_request=True))

    await drain(world.context, WAKE)

    assert directory.calls[0].users == (OTHER,)


@virtual
async def test_who_cannot_be_read_is_no_probe_of_the_breaker_in_any_later_drain() -> None:
    world, directory = await leavers(3)
    directory.answers = lambda _: answer(status=503)
    rows = await world.ledger.open_changes(TOTAL)
    waits = [retried(row, due_at=now() + timedelta(minutes=9), reason="HTTP 503") for row in rows]
    unread = {wait.user: replace(wait, unread_since=now()) for wait in waits}
    await world.ledger.move(rows, lambda row: unread[row.user])
    await world.joined(ADMIN, *(user(n) for n in range(600, 630)))

    await drains(world, for_=timedelta(minutes=4))

    assert len(directory.calls) > FAILURES_TO_OPEN
    assert {name for _, name in directory.read}.isdisjoint(row.user for row in rows)

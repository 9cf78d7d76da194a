"""Leavers whom Graph cannot return keep joiners waiting only while Graph returns nobody."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.errors import TemporaryError
from hasten.provision.drain import drain
from hasten.provision.plan_calls import REMOVALS_AT_ONCE
from hasten.provision.removal_status import PLAN_WAIT
from hasten.provision.unread_people import MAX_READ_OUTAGE, PROBES
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, user
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


@virtual
async def test_a_drain_between_two_reads_of_an_outage_calls_no_joiner() -> None:
    world, directory = await leavers(1)
    await drain(world.context, WAKE)
    row = await world.row(ENGINEERING, user(0))
    assert row.state is State.WAITING
    await world.joined(ADMIN, JOINER)
    directory.lost |= {JOINER}

    with pytest.raises(TemporaryError) as met:
        await drain(world.context, WAKE)

    assert now() + met.value.delay == row.due_at
    assert called(world) == []


@virtual
async def test_while_no_read_has_ended_no_joiner_is_called() -> None:
    world, directory = await leavers(1, are_unread=False)
    directory.takes, directory.slow_for = timedelta(seconds=40), frozenset({user(0)})
    await world.joined(ADMIN, JOINER)

    await drain(world.context, WAKE)

    assert called(world) == [user(0), JOINER]


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("count", [1, 3 * REMOVALS_AT_ONCE])
def test_leavers_whom_graph_cannot_return_delay_no_joiner_while_it_returns_others(
    count: int, *, halves: bool
) -> None:
    @virtual
    async def run() -> None:
        world, directory = await leavers(count)
        directory.halves = halves
        # One of the joiners is as unreadable as the leavers.
        directory.lost |= {OTHER}
        await world.joined(ADMIN, OTHER, JOINER)

        await drain(world.context, WAKE)

        assert called(world) == [OTHER, JOINER]
        assert directory.calls[0].at - now() < timedelta(seconds=1)

    run()


@virtual
async def test_a_leaver_whose_reads_hang_and_fail_delays_joiners_at_the_first_one_only() -> None:
    world, directory = await leavers(1)
    directory.takes = HANGS
    await drains(world, for_=2 * HANGS)
    waits = []
    for number in range(9100, 9110):
        began = now()
        await world.joined(ADMIN, user(number))
        await drain(world.context, WAKE)
        waits.append(min(call.at for call in directory.calls if user(number) in call.users) - began)
        await asyncio.sleep(31)

    assert max(waits) <= PLAN_WAIT + timedelta(seconds=2)
    assert called(world).count(user(0)) == 1


@virtual
async def test_the_joiners_whom_hasten_reads_in_an_outage_are_few() -> None:
    world, directory = await leavers(1)
    joiners = [user(9100 + n) for n in range(20)]
    await world.joined(ADMIN, *joiners)
    directory.lost |= {*joiners}

    with pytest.raises(TemporaryError):
        await drain(world.context, WAKE)

    assert len(directory.read) == 1 + PROBES


@virtual
async def test_people_whom_graph_never_returns_keep_joiners_waiting_for_an_hour_at_most() -> None:
    world, directory = await leavers(2)
    await were_called_lately(world, user(0), user(1))
    directory.lost |= {JOINER}
    await world.joined(ADMIN, JOINER)

    await drains(world, for_=MAX_READ_OUTAGE - timedelta(minutes=1))
    assert called(world) == []
    await drains(world, for_=timedelta(minutes=2))

    assert JOINER in called(world)

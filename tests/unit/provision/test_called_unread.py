"""A leaver whom Graph cannot return is called for in the end: Entra ID knows who is assigned."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.drain import drain
from hasten.provision.plan_calls import REMOVALS_AT_ONCE
from hasten.provision.unread_people import CALLED_UNREAD_AFTER, CALLED_UNREAD_EVERY
from tests.fakes.directory import answer
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, user
from tests.unit.provision.unread import OTHER, WAKE, called, drains, leavers

LEAVER = user(0)
ERRORS = [
    TemporaryError("Graph answered 503", timedelta(seconds=5)),
    PermanentError("Graph answered 403", "grant User.Read.All"),
]


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("error", ERRORS, ids=["passing", "lasting"])
def test_a_leaver_whom_graph_never_returns_is_called_by_the_user_after_minutes(
    error: TemporaryError | PermanentError, *, halves: bool
) -> None:
    @virtual
    async def run() -> None:
        world, directory = await leavers(1)
        directory.error, directory.halves = error, halves
        began = now()

        await drains(world, for_=CALLED_UNREAD_AFTER - timedelta(seconds=30))
        assert called(world) == []
        await drains(world, for_=2 * CALLED_UNREAD_AFTER)

        [call] = directory.calls
        assert (call.group, call.users) == (None, (LEAVER,))
        assert call.at - began < 2 * CALLED_UNREAD_AFTER
        assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED

    run()


@virtual
async def test_an_answer_that_shows_no_revocation_ends_nothing_and_costs_one_call_an_hour() -> None:
    world, directory = await leavers(1)
    directory.answers = lambda _: answer(action="Update")

    await drains(world, for_=2 * CALLED_UNREAD_EVERY)

    assert called(world) == [LEAVER] * 2
    assert (await world.row(ENGINEERING, LEAVER)).is_open


@virtual
async def test_whoever_graph_returns_is_called_before_them() -> None:
    world, _ = await leavers(REMOVALS_AT_ONCE - 1)
    await drain(world.context, WAKE)
    await asyncio.sleep(CALLED_UNREAD_AFTER.total_seconds())
    await world.left(ADMIN, OTHER)

    await drain(world.context, WAKE)

    assert called(world)[0] == OTHER
    assert len(called(world)) == REMOVALS_AT_ONCE

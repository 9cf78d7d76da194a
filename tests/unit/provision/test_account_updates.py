"""The drain and changed attributes: an update is called last, and never for who is not assigned."""

from datetime import timedelta

import pytest

from hasten.domain.changes import Action, State
from hasten.provision.drain import drain
from tests.fakes.directory import JOB
from tests.support.account_rows import WAKE, called, row, world_of
from tests.support.people import ADA, AMIR, TITLE, passes
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, found, user


@virtual
async def test_an_update_is_a_user_call_even_where_only_the_group_grants() -> None:
    world = await world_of(ADA)
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)

    await drain(world.context, WAKE)

    assert called(world) == [(None, (ADA,))]
    assert (await row(world)).state is State.SUCCEEDED


@pytest.mark.parametrize("leaves", [True, False])
def test_an_update_never_calls_who_is_not_assigned(leaves: bool) -> None:  # noqa: FBT001 - a case
    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        world.directory.change(ADA, **{TITLE: "Analyst"})
        await world.looks(ADA)
        if leaves:
            world.directory.leave(ENGINEERING, ADA)
        else:
            world.directory.groups.clear()

        await drain(world.context, WAKE)

        ended = await row(world)
        assert world.directory.calls == []
        assert (ended.state, ended.needs_proof) == (State.LEFT_TO_CYCLE, False)
        assert "not assigned" in ended.reason

    scenario()


@virtual
async def test_updates_come_after_leavers_and_joiners() -> None:
    world = await world_of(ADA, AMIR)
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)
    await passes(timedelta(seconds=1))
    world.directory.leave(ENGINEERING, AMIR)
    await world.ledger.record([found(ENGINEERING, AMIR, Action.REMOVED, 5)])

    await drain(world.context, WAKE)

    assert called(world) == [(None, (AMIR,)), (None, (ADA,))]


@virtual
async def test_updates_that_the_next_cycle_brings_sooner_are_left_to_it() -> None:
    people = [user(number) for number in range(1, 151)]
    world = await world_of(*people)
    began = now() - timedelta(minutes=37)
    at = {"timeBegan": began.isoformat(), "timeEnded": began.isoformat()}
    world.directory.job_list = [
        {
            "id": JOB,
            "status": {"code": "Active", "lastExecution": at, "lastSuccessfulExecution": at},
        }
    ]
    for person in people:
        world.directory.change(person, **{TITLE: "Analyst"})
    await world.looks(*people)

    await drain(world.context, WAKE)

    rows = [await row(world, person) for person in people]
    left = [one for one in rows if one.state is State.LEFT_TO_CYCLE]
    assert len(world.directory.calls) + len(left) == len(people)
    assert left
    assert all(one.expected_at is not None for one in left)

"""A user whom one read of a group shows as leaving and as joining: Hasten takes the access first,
and gives it again if Graph lists a member once no replica lags behind."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.rejoining import MAY_HAVE_REJOINED
from hasten.domain.sightings import milliseconds
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from hasten.messages import Wake
from hasten.provision.drain import drain
from tests.support.app_revocations import world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user

WAKE = Wake(target=TOTAL)
PERSON = user(1)


async def in_doubt(world: World, *, is_member: bool = True) -> World:
    """Returns the world after a drain to which a lagging Graph shows nobody in the group."""
    await world.is_discovered()
    world.directory.join(ENGINEERING, PERSON)
    world.directory.leave(ENGINEERING, PERSON)
    left = found(ENGINEERING, PERSON, Action.REMOVED, origin=2)
    await world.ledger.record([replace(left, also_added=True)])
    await drain(world.context, WAKE)
    if is_member:
        world.directory.join(ENGINEERING, PERSON)
    return world


@virtual
async def test_the_access_is_taken_at_once_and_the_row_does_not_end() -> None:
    world = await in_doubt(World())

    row = await world.row(ENGINEERING, PERSON)

    assert [(call.group, call.users) for call in world.directory.calls] == [(None, (PERSON,))]
    assert (row.action, row.state, row.reason) == (
        Action.REMOVED,
        State.WAITING,
        MAY_HAVE_REJOINED,
    )


@pytest.mark.parametrize("is_member", [True, False])
@virtual
async def test_a_read_of_the_settled_membership_decides(*, is_member: bool) -> None:
    world = await in_doubt(World(), is_member=is_member)
    await asyncio.sleep(ASSIGNMENT_COUNTS_WITHIN.total_seconds())

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, PERSON)
    last = world.directory.calls[-1]
    assert last.group == (ENGINEERING if is_member else None)
    assert row.action is (Action.ADDED if is_member else Action.REMOVED)
    assert row.state is State.SUCCEEDED


@virtual
async def test_an_app_that_shows_the_account_inactive_ends_nothing_either() -> None:
    world = world_with()
    world.app.add(PERSON)

    await in_doubt(world)

    row = await world.row(ENGINEERING, PERSON)
    assert world.app.active(PERSON) == [False]
    assert not world.directory.calls
    assert (row.state, row.reason) == (State.WAITING, MAY_HAVE_REJOINED)


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("after", [10, 600])
@virtual
async def test_who_has_rejoined_when_the_removal_had_ended_gets_the_access_again(
    after: int, *, ahead: bool
) -> None:
    """The read that shows both is late, and another replica shows the membership later still."""
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, PERSON)
    world.directory.leave(ENGINEERING, PERSON)
    left = found(ENGINEERING, PERSON, Action.REMOVED, origin=milliseconds(now()))
    await world.ledger.record([replace(left, ahead=ahead)])
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, PERSON)).state is State.SUCCEEDED
    await asyncio.sleep(after)

    again = found(ENGINEERING, PERSON, Action.REMOVED, origin=left.origin)
    await world.ledger.record([replace(again, also_added=True)])
    await drain(world.context, WAKE)
    world.directory.join(ENGINEERING, PERSON)
    await asyncio.sleep(ASSIGNMENT_COUNTS_WITHIN.total_seconds())
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, PERSON)
    assert (row.action, row.state) == (Action.ADDED, State.SUCCEEDED)
    assert world.directory.calls[-1].group == ENGINEERING

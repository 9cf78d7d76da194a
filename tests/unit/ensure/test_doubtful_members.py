"""A request for several users whose answers are lost is split, and what it did is not forgotten."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from hasten.domain.changes import Action
from hasten.errors import TemporaryError
from hasten.records import mirrored_members
from tests.support.applying import ADMINS, MONITORED
from tests.support.applying import world_with as policed_with
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

PEOPLE = [user(number) for number in range(1, 4)]


def lose_answers(world: Onboarding, *, is_made: Sequence[bool]) -> None:
    """The answers to the next requests are lost, some of which are made."""
    add, left = world.directory.add_members, [*is_made]

    async def losing(group: str, members: Sequence[str]) -> None:
        if not left or left[0]:
            await add(group, members)
        if left:
            left.pop(0)
            raise TemporaryError("Graph did not answer", timedelta(seconds=5))

    world.directory.add_members = losing  # type: ignore[method-assign]


@virtual
async def test_a_member_whom_a_lost_request_added_is_provisioned() -> None:
    world = await world_with(*PEOPLE)
    await world.wants(ENGINEERING, *PEOPLE, age=60)
    lose_answers(world, is_made=[False, True])

    await world.ensures_until_done()

    rows = [await world.row(ENGINEERING, one) for one in PEOPLE]
    assert [row.action for row in rows] == [Action.ADDED] * 3
    assert all(row.causes for row in rows)


@virtual
async def test_a_mirrored_member_whom_a_lost_request_added_leaves_with_the_source() -> None:
    world = await policed_with(ADMINS, MONITORED)
    lose_answers(world, is_made=[False, True])
    for joining in (PEOPLE[:2], PEOPLE[2:]):
        world.directory.join(ADMIN, *joining)
        with suppress(TemporaryError):
            await world.applies()
    assert await world.members(ENGINEERING) == {*PEOPLE}
    assert set(await mirrored_members.remembered(world.store, TOTAL, ENGINEERING)) == {*PEOPLE}

    world.directory.leave(ADMIN, *PEOPLE)
    await world.applies()

    assert await world.members(ENGINEERING) == set()

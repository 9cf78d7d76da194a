"""A shared call that Graph refuses because of one person holds up nobody else, and a refusal of the
whole target does not make a call for each person."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.domain.settlement import PERMISSION_PAUSE
from hasten.domain.verdicts import Answer
from hasten.provision.call import MAX_ALONE
from hasten.provision.drain import drain
from tests.events import golden
from tests.fakes.directory import OnDemand, answer
from tests.support.verifying import WAKE
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, World, user


def refusal(name: str, retry_after: timedelta | None = None) -> Answer:
    return Answer(int(name[:3]), golden.raw("errors", name), retry_after)


RULE_UNKNOWN = refusal("400-rule-unknown")
NOT_FOUND = refusal("404-not-found")
FORBIDDEN = refusal("403-forbidden")
REFUSALS = {
    "400": RULE_UNKNOWN,
    "401": refusal("401-no-permission"),
    "403": FORBIDDEN,
    "403 without a body": Answer(403, b""),
    "404": NOT_FOUND,
    "429": refusal("429-throttled", timedelta(seconds=10)),
    "429 for ten minutes": refusal("429-throttled", timedelta(minutes=10)),
    "503 for ten minutes": refusal("503-unavailable", timedelta(minutes=10)),
    "503": refusal("503-unavailable"),
}
PERMANENT = ["400", "401", "403", "403 without a body", "404"]


async def world_where(refused: set[str], by: Answer) -> World:
    world = World()
    await world.is_discovered()

    def said(call: OnDemand) -> Answer:
        return by if refused & {*call.users} else answer()

    world.directory.answers = said
    return world


async def goes_on(world: World, duration: timedelta) -> None:
    until = world.context.now() + duration
    while world.context.now() < until:
        await drain(world.context, WAKE)
        await asyncio.sleep(30)


async def served(world: World, people: range) -> set[int]:
    rows = {n: await world.row(ENGINEERING, user(n)) for n in people}
    return {n for n, row in rows.items() if row.state is State.SUCCEEDED}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("refused", [{4}, {0, 5, 10}])
def test_people_whose_calls_are_refused_hold_up_nobody_who_shares_them(
    name: str, refused: set[int]
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_where({user(n) for n in refused}, REFUSALS[name])
        await world.joined(ENGINEERING, *(user(n) for n in range(12)))

        await goes_on(world, timedelta(minutes=1 if name in PERMANENT else 50))

        assert await served(world, range(12)) == {*range(12)} - refused

    scenario()


@pytest.mark.parametrize("name", ["403", "404"])
def test_a_refusal_of_everybody_makes_few_calls_for_one_person(name: str) -> None:
    @virtual
    async def scenario() -> None:
        people = {user(n) for n in range(120)}
        world = await world_where(people, REFUSALS[name])
        await world.joined(ENGINEERING, *sorted(people))

        for _ in range(3):
            await goes_on(world, timedelta(minutes=2))
            await asyncio.sleep(PERMISSION_PAUSE.total_seconds())

        alone = [call.users for call in world.directory.calls if len(call.users) == 1]
        assert len(set(alone)) <= MAX_ALONE + 5 * 5  # five calls may be under way
        assert max(map(alone.count, alone)) <= 3

    scenario()


@virtual
async def test_a_permission_that_is_granted_serves_everybody() -> None:
    people = {user(n) for n in range(60)}
    world = await world_where(people, FORBIDDEN)
    await world.joined(ENGINEERING, *sorted(people))
    await goes_on(world, timedelta(minutes=3))
    world.directory.answers = None

    await goes_on(world, PERMISSION_PAUSE + timedelta(minutes=2))

    assert await served(world, range(60)) == {*range(60)}


async def with_many_alone() -> World:
    """As many people as may be called alone wait for an end of their refusal."""
    world = await world_where({user(n) for n in range(MAX_ALONE + 1)}, FORBIDDEN)
    await world.joined(ENGINEERING, *(user(n) for n in range(MAX_ALONE)))
    await goes_on(world, timedelta(minutes=2))
    assert all([(await world.row(ENGINEERING, user(n))).alone for n in range(MAX_ALONE)])
    return world


@pytest.mark.parametrize(("before", "is_alone"), [(ENGINEERING, True), (ADMIN, False)])
def test_of_many_only_an_accepted_call_on_the_same_group_splits_another(
    before: str,
    is_alone: bool,  # noqa: FBT001 - what is expected
) -> None:
    @virtual
    async def scenario() -> None:
        world = await with_many_alone()
        await world.joined(before, *(user(n) for n in range(100, 105)))
        await asyncio.sleep(1)
        await world.joined(ENGINEERING, user(MAX_ALONE), user(200))

        await goes_on(world, timedelta(minutes=1))

        assert (await world.row(ENGINEERING, user(MAX_ALONE))).alone is is_alone
        assert (200 in await served(world, range(200, 201))) is is_alone

    scenario()

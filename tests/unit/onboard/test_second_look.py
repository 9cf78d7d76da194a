"""An event that names no group is taken once more, when Graph has had time to show everything."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED
from tests.support.posting import GROUP, OFFBOARD, PROVISION, Posting, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, user


async def discovered() -> Posting:
    world = Posting()
    await world.is_discovered()
    return world


@virtual
async def test_a_group_that_graph_shows_late_is_left_and_nothing_is_said_before() -> None:
    world = await discovered()
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    assert world.outcomes() == []

    world.directory.join(ENGINEERING, user(1))
    await world.looks_again()

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert world.outcomes() == []


@virtual
async def test_a_second_group_that_graph_shows_late_is_left_too() -> None:
    world = await discovered()
    late = "0000bbbb-0000-4000-8000-000000000007"
    world.directory.has_group(late, "Found-Late")
    world.directory.join(ENGINEERING, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.ensures_until_done()

    world.directory.join(late, user(1))
    world.directory.groups.append(late)
    await world.looks_again()

    assert await world.wanted(late, 1) is Wanted.ABSENT
    assert world.outcomes() == []


@virtual
async def test_a_group_that_graph_shows_late_is_left_also_if_the_first_one_was_refused() -> None:
    """ADMIN may not be changed by events."""
    world = await discovered()
    world.directory.join(ADMIN, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    assert world.outcome_results() == [REJECTED]

    world.directory.join(ENGINEERING, user(1))
    await world.looks_again()

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert len(world.parked()) == 1
    assert world.outcome_results() == [REJECTED]


@virtual
async def test_what_was_refused_once_is_not_parked_again() -> None:
    world = await discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.join(ADMIN, user(1))

    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.looks_again()

    assert len(world.parked()) == 1
    assert world.outcome_results() == [REJECTED]


@pytest.mark.parametrize("first", [[ENGINEERING], [ADMIN]])
@virtual
async def test_a_group_that_only_the_second_look_shows_and_may_not_change_is_refused(
    first: list[str],
) -> None:
    world = await discovered()
    for group in first:
        world.directory.join(group, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.ensures_until_done()
    before = len(world.parked())
    late = "0000bbbb-0000-4000-8000-000000000007"
    world.directory.has_group(late, "Found-Late", synced=True)
    world.directory.join(late, user(1))
    world.directory.groups.append(late)

    await world.looks_again()
    await world.looks_again()

    assert len(world.parked()) == before + 1
    rejected = [o for o in world.outcomes() if o["result"] == REJECTED and o["group"] == late]
    assert [o["user"] for o in rejected] == [user(1)]


@virtual
async def test_a_newer_onboarding_in_between_wins() -> None:
    world = await discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)], age=1))
    await world.ensures_until_done()
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2"))
    await asyncio.sleep(2)
    await world.ensures_until_done()

    await world.looks_again()
    await world.ensures_until_done()

    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_somebody_to_provision_is_looked_for_again_before_nothing_is_said_to_be_done() -> (
    None
):
    world = await discovered()
    await world.posts(event(PROVISION, users=[ref(1), ref(2)]))
    assert world.outcomes() == []

    world.directory.join(ENGINEERING, user(1))
    await world.looks_again()

    assert await world.wanted(ENGINEERING, 1) is Wanted.IN_STEP
    assert [(o["user"], o["result"]) for o in world.outcomes()] == [(user(2), State.IN_SYNC)]


@pytest.mark.parametrize("how", ["groups", "endAt"])
def test_an_event_that_names_its_groups_is_taken_once(how: str) -> None:
    @virtual
    async def run() -> None:
        world = await discovered()
        if how == "groups":
            await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP]))
        else:
            end = (now() + timedelta(hours=1)).isoformat()
            await world.posts(event(users=[ref(1)], group=GROUP, endAt=end))
        before = len(world.outcomes())

        await world.looks_again()

        assert len(world.outcomes()) == before

    run()

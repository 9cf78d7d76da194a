"""What the events of a storm want last, and that a directory that is otherwise is found."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.targets import Mode
from tests.chaos.ahead import Ahead
from tests.chaos.newest import Newest
from tests.chaos.operations import Operations
from tests.chaos.targets import POLICY
from tests.chaos.wishes import Posted
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ALLOWS = TARGET.model_copy(update={"groups": POLICY})
GROUP = {"id": TOTAL_ENGINEERING}
[USER] = newcomers(1)

START, END, LATER = 60.0, 120.0, 180.0
"""Seconds from now."""


def onboard(**dates: float) -> tuple[str, dict[str, Any]]:
    return ONBOARD, {"group": GROUP, **dates}


def offboard(**dates: float) -> tuple[str, dict[str, Any]]:
    return OFFBOARD, {"groups": [GROUP], **dates}


def leave_all() -> tuple[str, dict[str, Any]]:
    return OFFBOARD, {}


async def posts(world: World, ahead: Ahead, kind: str, **data: Any) -> None:
    """An event of the user, with dates in seconds from now."""
    for name in ("startAt", "endAt"):
        if name in data:
            data[name] = (now() + timedelta(seconds=data[name])).isoformat()
    posted = Posted(await world.upstream.post(kind, users=[{"id": USER}], **data))
    world.around.outside.spawn(ahead.look_at_the_start(posted))
    ahead.posted.append(posted)


@pytest.mark.parametrize(
    ("events", "is_member"),
    [
        ([onboard(startAt=START)], True),
        ([onboard(endAt=END)], False),
        ([onboard(startAt=START, endAt=END)], False),
        ([onboard(), offboard(endAt=END)], False),
        ([offboard(endAt=END), onboard()], True),
        ([onboard(endAt=END), onboard()], True),
        ([onboard(endAt=END), onboard(startAt=LATER)], True),
        ([onboard(startAt=START), offboard()], False),
        ([onboard(startAt=START), leave_all()], False),
        ([onboard(startAt=START), offboard(endAt=END)], False),
        ([onboard(startAt=LATER), onboard(startAt=START)], True),
    ],
)
def test_the_last_date_of_the_newest_event_counts_and_what_is_otherwise_is_found(
    events: list[tuple[str, dict[str, Any]]],
    is_member: bool,  # noqa: FBT001 - a case of the table
) -> None:
    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            directory = world.tenant.directory
            group = directory.groups[TOTAL_ENGINEERING]
            ahead = Ahead(world, Operations(world, Random(1)), Random(1))
            for kind, data in events:
                await posts(world, ahead, kind, **data)
                await world.passes(timedelta(seconds=1))
            await world.passes(timedelta(minutes=5))
            newest = Newest(world)

            assert (USER in group.members) is is_member
            assert newest.broken_at_the_end(ahead.posted) == []
            if is_member:
                directory.remove_member(group, USER)
            else:
                directory.add_members(group, [USER])
            assert len(newest.broken_at_the_end(ahead.posted)) == 1

    run()


@virtual
async def test_a_change_by_hand_counts_only_after_the_date() -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        directory = world.tenant.directory
        ahead = Ahead(world, Operations(world, Random(1)), Random(1))
        await posts(world, ahead, ONBOARD, group=GROUP, endAt=END)
        await world.passes(timedelta(seconds=END - 10))
        world.admin.leave(TOTAL_ENGINEERING, USER)
        await world.passes(timedelta(minutes=3))
        directory.add_members(directory.groups[TOTAL_ENGINEERING], [USER])
        assert len(Newest(world).broken_at_the_end(ahead.posted)) == 1

        world.admin.leave(TOTAL_ENGINEERING, USER)
        world.admin.join(TOTAL_ENGINEERING, USER)
        assert Newest(world).broken_at_the_end(ahead.posted) == []


@pytest.mark.parametrize("by_hand", [True, False])
@virtual
async def test_who_has_left_all_and_comes_back_by_hand_may_stay_after_an_older_end(
    by_hand: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """Whether the end of the onboarding is stale by then depends on what the offboarding found."""
    async with simulated(targets=(ALLOWS,)) as world:
        directory = world.tenant.directory
        ahead = Ahead(world, Operations(world, Random(1)), Random(1))
        await posts(world, ahead, ONBOARD, group=GROUP, startAt=START, endAt=2 * LATER)
        await world.passes(timedelta(seconds=1))
        await posts(world, ahead, OFFBOARD)
        await world.passes(timedelta(seconds=LATER))
        if by_hand:
            world.admin.join(TOTAL_ENGINEERING, USER)
        await world.passes(timedelta(seconds=2 * LATER))

        directory.add_members(directory.groups[TOTAL_ENGINEERING], [USER])

        assert bool(Newest(world).broken_at_the_end(ahead.posted)) is not by_hand


@pytest.mark.parametrize("is_unassigned", [True, False])
@virtual
async def test_a_group_that_was_unassigned_when_all_were_left_may_keep_who_was_to_leave_it_later(
    *, is_unassigned: bool
) -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        ahead = Ahead(world, Operations(world, Random(1)), Random(1))
        world.admin.join(TOTAL_ENGINEERING, USER)
        await posts(world, ahead, OFFBOARD, groups=[GROUP], endAt=LATER)
        await world.passes(timedelta(seconds=START))
        if is_unassigned:
            world.admin.unassign(TOTAL_ENGINEERING)
            await world.passes(timedelta(seconds=65))  # a sweep has seen it
        await posts(world, ahead, OFFBOARD)
        await world.passes(timedelta(seconds=5))
        if is_unassigned:
            world.admin.assign(TOTAL_ENGINEERING)
        await world.passes(timedelta(seconds=2 * LATER))

        group = world.tenant.directory.groups[TOTAL_ENGINEERING]
        assert (USER in group.members) is is_unassigned
        assert Newest(world).broken_at_the_end(ahead.posted) == []


@virtual
async def test_nothing_is_expected_of_what_an_operator_may_have_cancelled() -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        ahead = Ahead(world, Operations(world, Random(1)), Random(1))
        await posts(world, ahead, ONBOARD, group=GROUP)
        [posted] = ahead.posted
        await world.passes(timedelta(minutes=1))
        group = world.tenant.directory.groups[TOTAL_ENGINEERING]
        world.tenant.directory.remove_member(group, USER)
        assert len(Newest(world).broken_at_the_end(ahead.posted)) == 1

        posted.unclear.add(posted.event["id"])
        assert Newest(world).broken_at_the_end(ahead.posted) == []


@pytest.mark.parametrize("kind", [ONBOARD, OFFBOARD])
@virtual
async def test_nothing_is_expected_of_an_event_that_came_in_observe_mode(kind: str) -> None:
    observes = ALLOWS.model_copy(update={"mode": Mode.OBSERVE})
    async with simulated(targets=(observes,)) as world:
        ahead = Ahead(world, Operations(world, Random(1)), Random(1))
        if kind == OFFBOARD:
            world.admin.join(TOTAL_ENGINEERING, USER)
            await world.passes(timedelta(minutes=1))
        named = {"group": GROUP} if kind == ONBOARD else {"groups": [GROUP]}
        await posts(world, ahead, kind, **named)
        await world.passes(timedelta(minutes=1))

        is_member = USER in world.tenant.directory.groups[TOTAL_ENGINEERING].members
        assert is_member is (kind == OFFBOARD)
        assert Newest(world).broken_at_the_end(ahead.posted) == []

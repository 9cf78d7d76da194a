"""A restored person may lack a group only if the person was deleted when the group was assigned."""

from datetime import datetime, timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.chaos.operations import Operations
from tests.chaos.reasons import (
    BACK,
    BEFORE_FIRST_LOOK,
    BETWEEN_LOOKS,
    DELETED_GROUP,
    NOT_LISTED,
    REASSIGNED,
    REJOINED,
    UNWATCHED,
    why_only_a_cycle,
)
from tests.simulation.oracle import (
    HAS_STILL,
    LACKS,
    SHOULD_BE_ACTIVE,
    SHOULD_BE_DISABLED,
    Difference,
)
from tests.simulation.world import World, simulated
from tests.support.virtual_time import now, virtual

ADA = object_id("user/300")


async def _why(world: World, group: str, *own_accounts: str) -> str | None:
    people = Operations(world, Random(1))
    people.own_accounts.update(own_accounts)
    return why_only_a_cycle(Difference(ADA, LACKS, group), TOTAL, world, people, [])


def _why_what(world: World, what: str, group: str) -> str | None:
    """Returns the reason for a difference of Ada, about the group or about her account."""
    difference = Difference(ADA, what, group if what in {LACKS, HAS_STILL} else "")
    return why_only_a_cycle(difference, TOTAL, world, Operations(world, Random(1)), [])


@pytest.mark.parametrize("deleted", ["before", "after"])
def test_a_member_who_was_deleted_when_the_group_was_assigned_is_left_to_the_cycle(
    deleted: str,
) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            group = world.admin.create_group([ADA])
            if deleted == "before":
                world.admin.delete(ADA)
                await world.passes(timedelta(minutes=3))
                world.admin.assign(group)
            else:
                world.admin.assign(group)
                await world.passes(timedelta(seconds=10))
                world.admin.delete(ADA)
            await world.passes(timedelta(minutes=6))
            world.admin.restore(ADA)

            assert await _why(world, group) == NOT_LISTED

    scenario()


@pytest.mark.parametrize("later", ["stays", "deleted"])
def test_a_member_who_was_there_at_the_first_look_must_be_called(later: str) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            group = world.admin.create_group([ADA])
            world.admin.assign(group)
            await world.passes(timedelta(seconds=BETWEEN_LOOKS + 60))
            if later == "deleted":
                world.admin.delete(ADA)
                await world.passes(timedelta(minutes=1))
                world.admin.restore(ADA)

            assert await _why(world, group) is None

    scenario()


@pytest.mark.parametrize("why", [BEFORE_FIRST_LOOK, None])
def test_who_was_deleted_before_hasten_watched_people_is_left_to_the_cycle(why: str | None) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            group = world.admin.create_group([ADA])
            world.admin.assign(group)
            if why is None:
                await world.passes(timedelta(seconds=BETWEEN_LOOKS + 60))
            world.admin.delete(ADA)
            await world.passes(timedelta(seconds=BETWEEN_LOOKS + 60))
            world.admin.restore(ADA)

            assert await _why(world, group, ADA) == why

    scenario()


@pytest.mark.parametrize("is_late", [True, False])
@virtual
async def test_a_title_that_changes_later_leaves_an_account_disabled_before_the_first_look(
    is_late: bool,  # noqa: FBT001 - a case
) -> None:
    async with simulated() as world:
        world.admin.assign(ADA)
        await world.passes(timedelta(seconds=BETWEEN_LOOKS + 60 if is_late else 0))
        world.admin.disable(ADA)
        await world.passes(timedelta(seconds=BETWEEN_LOOKS + 60))
        directory = world.tenant.directory
        directory.update(directory.users[ADA], {"jobTitle": "Analyst"})
        people, found = Operations(world, Random(1)), Difference(ADA, SHOULD_BE_DISABLED)
        people.own_accounts.add(ADA)

        why = why_only_a_cycle(found, TOTAL, world, people, [])

        assert why == (None if is_late else BEFORE_FIRST_LOOK)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (LACKS, REJOINED),
        (SHOULD_BE_ACTIVE, REJOINED),
        (HAS_STILL, None),
        (SHOULD_BE_DISABLED, None),
    ],
)
def test_who_left_and_came_back_between_two_looks_may_lack_access_and_never_keep_it(
    what: str, why: str | None
) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            group = world.admin.create_group([ADA])
            world.admin.assign(group)
            world.admin.leave(group, ADA)
            await world.passes(timedelta(seconds=70))
            world.admin.join(group, ADA)

            assert _why_what(world, what, group) == why

    scenario()


@pytest.mark.parametrize(
    ("seconds", "why"), [(2, DELETED_GROUP), (BETWEEN_LOOKS + 60, None), (None, DELETED_GROUP)]
)
def test_only_a_member_of_a_deleted_group_of_its_last_minutes_is_left_to_the_cycle(
    seconds: float | None, why: str | None
) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            group = world.admin.create_group([ADA])
            world.admin.assign(group)
            if seconds is not None:
                world.admin.leave(group, ADA)
                await world.passes(timedelta(seconds=seconds))
            world.admin.delete(group)
            people = Operations(world, Random(1))
            people.deleted_groups.add(group)

            found = Difference(ADA, SHOULD_BE_DISABLED, "")
            assert why_only_a_cycle(found, TOTAL, world, people, []) == why

    scenario()


@pytest.mark.parametrize(
    ("what", "seconds", "why"),
    [
        (LACKS, 70, REASSIGNED),
        (LACKS, BETWEEN_LOOKS + 60, None),
        (HAS_STILL, 70, None),
        (SHOULD_BE_DISABLED, 70, None),
    ],
)
def test_a_group_assigned_again_soon_excuses_who_lacks_it_and_nobody_who_keeps_access(
    what: str, seconds: float, why: str | None
) -> None:
    @virtual
    async def scenario() -> None:
        async with simulated() as world:
            group = world.admin.create_group([ADA])
            world.admin.assign(group)
            await world.passes(timedelta(minutes=6))
            world.admin.unassign(group)
            await world.passes(timedelta(seconds=seconds))
            world.admin.assign(group)

            assert _why_what(world, what, group) == why

    scenario()


@pytest.mark.parametrize("seconds", [None, 60, BETWEEN_LOOKS + 60])
@virtual
async def test_a_deleted_group_excuses_who_keeps_access_only_if_it_was_assigned_until_then(
    seconds: float | None,
) -> None:
    async with simulated() as world:
        group = world.admin.create_group([ADA])
        if seconds is not None:
            world.admin.assign(group)
            await world.passes(timedelta(minutes=6))
            world.admin.unassign(group)
            await world.passes(timedelta(seconds=seconds))
        world.admin.delete(group)
        people = Operations(world, Random(1))
        people.deleted_groups.add(group)

        found = Difference(ADA, SHOULD_BE_DISABLED, "")
        why = DELETED_GROUP if seconds == 60 else None
        assert why_only_a_cycle(found, TOTAL, world, people, []) == why


@virtual
async def test_a_deleted_group_excuses_no_difference_of_another_group() -> None:
    async with simulated() as world:
        kept, deleted = world.admin.create_group([ADA]), world.admin.create_group([ADA])
        for group in (kept, deleted):
            world.admin.assign(group)
        await world.passes(timedelta(minutes=6))
        world.admin.leave(kept, ADA)
        world.admin.delete(deleted)
        people = Operations(world, Random(1))
        people.deleted_groups.add(deleted)
        whys = [
            why_only_a_cycle(Difference(ADA, HAS_STILL, group), TOTAL, world, people, [])
            for group in (kept, deleted)
        ]

    assert whys == [None, DELETED_GROUP]


@pytest.mark.parametrize("began", [-60, 10])
@pytest.mark.parametrize("of_account", [True, False])
@virtual
async def test_an_account_that_changed_unwatched_is_left_to_the_cycle(
    began: float,
    of_account: bool,  # noqa: FBT001 - a case of the table
) -> None:
    async with simulated() as world:
        world.admin.assign(ADA)
        await world.passes(timedelta(minutes=10))
        at = now()
        world.admin.disable(ADA)
        people = Operations(world, Random(1))
        people.own_accounts.update([ADA] if of_account else [])
        found = Difference(ADA, SHOULD_BE_DISABLED)
        times = [(at + timedelta(seconds=began), at + timedelta(seconds=60))]
        earlier = [(at - timedelta(hours=1), at - timedelta(minutes=10))]

        def explained(unwatched: list[tuple[datetime, datetime]]) -> str | None:
            return why_only_a_cycle(found, TOTAL, world, people, [], unwatched=unwatched)

        assert explained(times) == (UNWATCHED if of_account else None)
        assert explained(earlier) is None


@pytest.mark.parametrize(
    ("what", "seconds", "is_told", "why"),
    [
        (SHOULD_BE_ACTIVE, 60, False, BACK),
        (LACKS, 60, False, BACK),
        (SHOULD_BE_DISABLED, 60, False, None),
        (SHOULD_BE_ACTIVE, BETWEEN_LOOKS + 60, False, None),
        (SHOULD_BE_ACTIVE, 60, True, None),
    ],
)
@virtual
async def test_who_is_back_between_two_looks_may_lack_access_only_if_no_notification_came(
    what: str,
    seconds: float,
    is_told: bool,  # noqa: FBT001 - a case of the table
    why: str | None,
) -> None:
    async with simulated() as world:
        world.admin.assign(ADA)
        await world.passes(timedelta(minutes=10))
        if not is_told:
            world.tenant.subscriptions.clear()
        world.admin.disable(ADA)
        await world.passes(timedelta(seconds=seconds))
        world.admin.enable(ADA)
        await world.passes(timedelta(minutes=1))
        people = Operations(world, Random(1))
        people.own_accounts.add(ADA)

        found = Difference(ADA, what, TOTAL_ENGINEERING if what == LACKS else "")
        assert why_only_a_cycle(found, TOTAL, world, people, []) == why

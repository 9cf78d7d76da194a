"""What is held is released or discarded, as an operator says."""

import pytest

from hasten.domain.changes import DISCARDED, Action, Change, State
from hasten.errors import PermanentError
from hasten.operate.release import (
    discard_changes,
    held_changes,
    release_changes,
)
from hasten.ports.bus import PROVISIONING, PROVISIONING_OUTCOMES
from hasten.records import running_targets
from hasten.targets import Mode, Target
from hasten.watch.admit import admit
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

LEAVERS = tuple(user(number) for number in range(1, 13))


async def left(world: World, *users: str, origin: int = 2, group: str = ENGINEERING) -> None:
    """Found by a look, so that the brake sees it."""
    removals = [found(group, one, Action.REMOVED, origin) for one in users]
    await admit(world.context, removals, members_before=12)


async def held(world: World, *groups: str, users: tuple[str, ...] = ()) -> list[Change]:
    return await held_changes(world.context, TOTAL, groups=groups, users=users)


async def states(world: World, *users: str) -> set[State]:
    return {(await world.row(ENGINEERING, one)).state for one in users}


@virtual
async def test_released_removals_are_called_and_their_target_is_woken() -> None:
    world = World()
    await left(world, *LEAVERS)

    moved = await release_changes(world.context, TOTAL, await held(world))

    assert len(moved) == len(LEAVERS)
    assert await states(world, *LEAVERS) == {State.PENDING}
    assert [message.body["target"] for message in world.bus.of(PROVISIONING)] == [TOTAL]


@virtual
async def test_the_same_slice_seen_again_does_not_hold_them_again() -> None:
    world = World()
    await left(world, *LEAVERS)
    await release_changes(world.context, TOTAL, await held(world))

    await left(world, *LEAVERS)

    assert await states(world, *LEAVERS) == {State.PENDING}


@virtual
async def test_a_straggler_after_a_release_is_not_held_for_those_released() -> None:
    world = World()
    await left(world, *LEAVERS)
    await release_changes(world.context, TOTAL, await held(world))

    await left(world, user(20), origin=3)

    assert await states(world, user(20)) == {State.PENDING}


@virtual
async def test_a_straggler_is_held_while_others_of_the_group_still_are() -> None:
    world = World()
    await left(world, *LEAVERS)
    await release_changes(world.context, TOTAL, await held(world, users=LEAVERS[:1]))

    await left(world, user(20), origin=3)

    assert await states(world, user(20)) == {State.HELD}


@virtual
async def test_only_the_groups_and_users_that_are_named_are_meant() -> None:
    world = World()
    await left(world, *LEAVERS)
    await left(world, *LEAVERS, group=ADMIN)

    assert {row.group for row in await held(world, ADMIN)} == {ADMIN}
    assert [row.user for row in await held(world, ADMIN, users=LEAVERS[:1])] == [LEAVERS[0]]
    assert len(await held(world)) == 2 * len(LEAVERS)


@virtual
async def test_nothing_is_released_while_the_target_only_observes() -> None:
    world = World(Target(name=TOTAL, display_name=TOTAL, mode=Mode.OBSERVE))
    await left(world, *LEAVERS)

    with pytest.raises(PermanentError, match="observe mode"):
        await release_changes(world.context, TOTAL, await held(world))

    assert await states(world, *LEAVERS) == {State.HELD}


@virtual
async def test_discarded_removals_end_without_a_call_and_publish_their_outcome() -> None:
    world = World()
    await left(world, *LEAVERS)
    told = len(world.bus.of(PROVISIONING_OUTCOMES))

    moved = await discard_changes(world.context, TOTAL, await held(world))

    assert {(row.state, row.reason) for row in moved} == {(State.LEFT_TO_CYCLE, DISCARDED)}
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) - told == len(LEAVERS)


@virtual
async def test_no_timer_takes_back_what_was_discarded() -> None:
    world = World()
    await left(world, *LEAVERS)
    await discard_changes(world.context, TOTAL, await held(world))

    assert await world.ledger.unproven_changes(TOTAL) == []


@virtual
async def test_a_row_that_changed_meanwhile_is_left_as_it_is() -> None:
    world = World()
    await left(world, *LEAVERS)
    seen = await held(world)
    await world.ledger.record([found(ENGINEERING, LEAVERS[0], Action.ADDED, 3)])

    moved = await release_changes(world.context, TOTAL, seen)

    assert len(moved) == len(LEAVERS) - 1
    assert (await world.row(ENGINEERING, LEAVERS[0])).action is Action.ADDED


@virtual
async def test_nothing_is_released_while_the_app_runs_the_target_otherwise() -> None:
    world = World()
    await left(world, *LEAVERS)
    observing = world.target.model_copy(update={"mode": Mode.OBSERVE})
    await running_targets.save(world.store, [observing], world.now())

    with pytest.raises(PermanentError, match="may hold again what is released"):
        await release_changes(world.context, TOTAL, await held(world))

    assert await states(world, *LEAVERS) == {State.HELD}
    await running_targets.save(world.store, [world.target], world.now())
    assert len(await release_changes(world.context, TOTAL, await held(world))) == len(LEAVERS)

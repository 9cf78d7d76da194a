"""The brake on onboarding events: offboardings and provisionings."""

import asyncio
from collections.abc import Sequence

import pytest

from hasten.domain.changes import State
from hasten.domain.intents import Wanted
from hasten.ensure.run import ensure
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.operate.release import discard_changes, held_changes
from hasten.operate.release_intents import held_intents
from hasten.provision.drain import drain
from tests.support.ensuring import RUN
from tests.support.posting import OFFBOARD, PROVISION, Posting, at, event, ref
from tests.support.removals import WAKE, forty_groups, looks, people, states, watching
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL


async def held(world: Posting) -> int:
    """Changes and intents together."""
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    intents = await held_intents(world.context, TOTAL, groups=(), users=())
    return len(rows) + len(intents)


def removed(world: Posting) -> int:
    return world.directory.writes["remove_member"]


async def offboards(world: Posting, users: Sequence[int], number: str = "1") -> None:
    """By events of at most 500 people, brought about as the queues would."""
    given = event(OFFBOARD, event_id=number, users=[ref(n) for n in users])
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await world.posts(given)
    for part in world.sent_on():
        await world.receives(part)
    world.bus.sent.clear()


@virtual
async def test_sixty_offboarded_one_by_one_hold_the_rows_that_wait_and_the_intents() -> None:
    world = await watching(100)

    for number in range(1, 61):
        await offboards(world, [number], number=str(number))
        await ensure(world.context, RUN)

    assert removed(world) == 20
    assert await held(world) == 60
    assert world.directory.calls == []


@virtual
@pytest.mark.parametrize("members", [600, 1200, 4000])
async def test_an_offboard_of_five_hundred_is_held_before_the_first_write(members: int) -> None:
    world = await watching(members)

    await offboards(world, range(1, 501))
    await ensure(world.context, RUN)

    assert removed(world) == 0
    assert await held(world) == 500


@virtual
async def test_an_event_that_is_split_is_held_whole_though_its_last_part_is_small() -> None:
    world = await watching(6000)
    given = event(OFFBOARD, users=[ref(n) for n in range(1, 502)])
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await world.posts(given)

    [_, last] = world.sent_on()
    await world.receives(last)
    await ensure(world.context, RUN)

    assert removed(world) == 0
    assert await held(world) == 1


@virtual
async def test_offboards_of_many_groups_in_one_run_are_judged_together_before_a_write() -> None:
    world = await watching(0)
    groups = await forty_groups(world)
    for group, members in groups.items():
        await world.wants(group, *members[:10], wanted=Wanted.ABSENT)

    await ensure(world.context, RUN)

    assert removed(world) == 0
    assert await held(world) == 400


@virtual
async def test_a_provision_that_names_the_group_does_not_go_round_the_brake() -> None:
    """Sixty left, and events ask for them before a look has seen it."""
    world = await watching(100)
    world.directory.leave(ENGINEERING, *people(60))
    users = [ref(n) for n in range(1, 61)]

    await world.posts(event(PROVISION, users=users, group={"id": ENGINEERING}))
    await world.ensures()
    await looks(world)
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: 60}
    assert world.directory.calls == []


@virtual
@pytest.mark.parametrize("discards", [False, True])
async def test_a_provision_has_nobody_called_whom_the_brake_held(*, discards: bool) -> None:
    world = await watching(100)
    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)
    if discards:
        rows = await held_changes(world.context, TOTAL, groups=(), users=())
        await discard_changes(world.context, TOTAL, rows)

    for number in range(1, 61):
        users = [ref(number)]
        given = event(PROVISION, event_id=str(number), users=users, group={"id": ENGINEERING})
        await world.posts(given)
        await world.ensures()
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: 60}
    assert world.directory.calls == []


@virtual
async def test_offboards_of_people_who_left_by_hand_do_not_go_round_the_brake() -> None:
    """They have rows that say joined, and no look has seen them leave. A list that lags would lack
    them as well."""
    world = await watching(0)
    for name in people(100):
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *people(100))
    await looks(world)
    await drain(world.context, WAKE)
    world.directory.leave(ENGINEERING, *people(60))
    called = len(world.directory.calls)

    given = event(OFFBOARD, users=[ref(n) for n in range(1, 61)], time=at(1))
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await asyncio.sleep(1)
    await world.posts(given)
    await world.ensures()
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await world.ensures()
    await drain(world.context, WAKE)

    assert await states(world) == {State.HELD: 60}
    assert len(world.directory.calls) == called

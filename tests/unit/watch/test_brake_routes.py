"""One group that loses people by several routes, and a hold that is released in part."""

import pytest

from hasten.domain.changes import HeldBy, State
from hasten.ensure.run import ensure
from hasten.errors import PermanentError
from hasten.operate.release import held_changes, release_changes
from hasten.operate.release_intents import held_intents
from hasten.ports.directory_values import Members
from hasten.provision.drain import drain
from tests.support.ensuring import RUN
from tests.support.posting import OFFBOARD, Posting, event, ref
from tests.support.removals import WAKE, looks, watching
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user


async def offboards(world: Posting, *users: int, number: str) -> None:
    given = event(OFFBOARD, event_id=number, users=[ref(n) for n in users])
    given["data"]["groups"] = [{"id": ENGINEERING}]
    await world.posts(given)
    await ensure(world.context, RUN)


async def held_users(world: Posting) -> set[str]:
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    intents = await held_intents(world.context, TOTAL, groups=(), users=())
    return {row.user for row in rows} | {intent.user for intent in intents}


@virtual
async def test_people_who_leave_by_hand_and_by_events_are_counted_together() -> None:
    world = await watching(50)

    await offboards(world, 1, 2, 3, 4, 5, number="a")
    world.directory.leave(ENGINEERING, *(user(n) for n in range(6, 11)))
    await looks(world)
    assert await held_users(world) == set()
    await offboards(world, 11, 12, number="b")

    assert {user(11), user(12)} <= await held_users(world)
    assert world.directory.writes["remove_member"] == 5


@virtual
async def test_a_person_who_leaves_by_two_routes_counts_once() -> None:
    world = await watching(50)

    await offboards(world, *range(1, 9), number="a")
    await looks(world)
    world.directory.leave(ENGINEERING, user(9), user(10))
    await looks(world)

    assert await held_users(world) == set()


@virtual
async def test_a_release_in_part_calls_those_alone_and_the_hold_outlives_every_process() -> None:
    world = await watching(50)
    leavers = [user(n) for n in range(1, 31)]
    world.directory.leave(ENGINEERING, *leavers)
    await looks(world)
    assert await held_users(world) == {*leavers}

    chosen = await held_changes(world.context, TOTAL, groups=(), users=leavers[:2])
    await release_changes(world.context, TOTAL, chosen)
    await looks(world)  # each process has a context of its own
    await drain(world.context, WAKE)

    called = {one for call in world.directory.calls for one in call.users}
    assert called == {*leavers[:2]}
    assert await held_users(world) == {*leavers[2:]}
    rows = await held_changes(world.context, TOTAL, groups=(), users=())
    assert {(row.state, row.held_by) for row in rows} == {(State.HELD, HeldBy.BRAKE)}


@pytest.mark.parametrize(
    ("members", "leaving", "removals", "held"),
    [
        (1, 1, 10, False),
        (2, 2, 10, False),
        (10, 10, 10, False),
        (11, 11, 10, True),
        (1, 1, 1, False),
        (2, 2, 1, True),
        (10, 3, 1, True),
        (10, 2, 1, False),
    ],
)
@virtual
async def test_small_groups_are_held_from_where_the_number_and_the_share_are_exceeded(
    members: int,
    leaving: int,
    removals: int,
    held: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    world = await watching(members)
    world.target = world.target.model_copy(update={"brake_removals": removals})
    world.directory.leave(ENGINEERING, *(user(n) for n in range(1, leaving + 1)))

    await looks(world)

    assert len(await held_users(world)) == (leaving if held else 0)


@pytest.mark.parametrize(("leaving", "held"), [(20, 0), (21, 21), (25, 25)])
@pytest.mark.parametrize("lags", [False, True])
@virtual
async def test_a_list_that_still_shows_the_leavers_makes_the_group_no_larger(
    monkeypatch: pytest.MonkeyPatch,
    leaving: int,
    held: int,
    lags: bool,  # noqa: FBT001 - a case
) -> None:
    world = await watching(100)
    before = await world.directory.members(ENGINEERING)
    world.directory.leave(ENGINEERING, *(user(n) for n in range(1, leaving + 1)))

    async def lagging(_: str, **__: object) -> Members:
        return before

    if lags:
        monkeypatch.setattr(world.directory, "members", lagging)

    await looks(world)

    assert len(await held_users(world)) == held


@virtual
async def test_people_who_left_a_group_that_is_deleted_since_are_held_and_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await watching(50)
    leavers = [user(n) for n in range(1, 12)]
    world.directory.leave(ENGINEERING, *leavers)

    async def is_gone(group: str, **_: object) -> Members:
        world.directory.delete_group(group)
        raise PermanentError(f"Graph answered 404 for {group}", "check that it still exists")

    monkeypatch.setattr(world.directory, "members", is_gone)

    await looks(world)

    assert await held_users(world) == set(leavers)

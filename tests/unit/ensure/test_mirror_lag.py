"""The mirror knows whom it has added, whatever a lagging replica or a lost answer suggests: whoever
leaves the source leaves the mirror."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import OBSERVED, REJECTED
from hasten.errors import TemporaryError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.directory_errors import NotYet
from hasten.ports.directory_values import Members
from hasten.records import mirrored_members
from tests.support.applying import ADMINS, MONITORED, Policed, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

PEOPLE = [user(number) for number in range(1, 21)]
UNKNOWN_RESULT = TemporaryError("nobody knows what the write did", timedelta(seconds=5))


async def mirroring() -> Policed:
    world = await world_with(ADMINS, MONITORED)
    for one in PEOPLE:
        world.directory.has_user(one)
    return world


def lists_nobody(world: Policed) -> Callable[[], None]:
    """Lets the replica that answers lag behind all members of the mirror. Returns what ends it."""
    real = world.directory.members

    async def members(group: str, **_: object) -> Members:
        return Members([]) if group == ENGINEERING else await real(group)

    def end() -> None:
        world.directory.members = real  # type: ignore[method-assign]

    world.directory.members = members  # type: ignore[method-assign]
    return end


def finds_no_member(world: Policed) -> Callable[[], None]:
    """Lets the replica that takes removals lag behind the additions. Returns what ends it."""
    real = world.directory.remove_member

    async def remove(group: str, member: str) -> bool:
        return False

    def end() -> None:
        world.directory.remove_member = real  # type: ignore[method-assign]

    world.directory.remove_member = remove  # type: ignore[method-assign]
    return end


async def settle() -> None:
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())


async def known(world: Policed) -> set[str]:
    return set(await mirrored_members.remembered(world.store, TOTAL, ENGINEERING))


@pytest.mark.parametrize("is_made", [True, False])
@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("people", [PEOPLE[:1], PEOPLE], ids=["one", "a full request"])
def test_members_whose_addition_nobody_saw_end_leave_with_the_source(
    people: Sequence[str], *, is_made: bool, is_listed: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await mirroring()
        add = world.directory.add_members

        async def lost(group: str, members: Sequence[str]) -> None:
            if is_made:
                await add(group, members)
            raise UNKNOWN_RESULT

        world.directory.add_members = lost  # type: ignore[method-assign]
        world.directory.join(ADMIN, *people)
        with pytest.raises(TemporaryError):
            await world.applies()
        world.directory.add_members = add  # type: ignore[method-assign]
        if not is_listed:
            shown = lists_nobody(world)
            await world.applies()
            shown()
        await world.applies()
        assert await world.members(ENGINEERING) == set(people)

        await settle()
        world.directory.leave(ADMIN, *people)
        await world.applies()

        assert await world.members(ENGINEERING) == set()
        assert await known(world) == set()

    run()


@pytest.mark.parametrize("is_back", [True, False])
def test_a_leaver_whom_a_lagging_list_lacks_is_removed_at_once(*, is_back: bool) -> None:
    """Also somebody whom Hasten has just added for the second time."""

    @virtual
    async def run() -> None:
        world = await mirroring()
        world.directory.join(ADMIN, *PEOPLE[:2])
        await world.applies()
        if is_back:
            await settle()
            world.directory.leave(ENGINEERING, user(1))
            await world.applies()
        await asyncio.sleep(5)
        world.directory.leave(ADMIN, user(1))
        lists_nobody(world)

        assert await world.plans() == [
            "Remove 1 member who left TOTAL-Admin from TOTAL - Engineering.",
            "Add 1 member of TOTAL-Admin to TOTAL - Engineering.",
        ]
        await world.applies()

        assert {one.id for one in world.directory.members_now(ENGINEERING)} == {user(2)}
        assert await known(world) == {user(2)}

    run()


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_leaver_whom_graph_does_not_find_is_tried_until_the_list_has_settled(
    *, is_listed: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await mirroring()
        world.directory.join(ADMIN, *PEOPLE[:3])
        await world.applies()
        world.directory.leave(ADMIN, *PEOPLE[:2])
        found = finds_no_member(world)
        shown = None if is_listed else lists_nobody(world)
        with pytest.raises(NotYet):
            await world.applies()
        assert await known(world) == set(PEOPLE[:3])
        if shown:
            shown()

        found()
        await world.applies()

        assert await world.members(ENGINEERING) == {user(3)}
        assert await known(world) == {user(3)}

    run()


@virtual
async def test_a_leaver_who_has_left_the_mirror_too_is_forgotten_once_the_list_has_settled() -> (
    None
):
    world = await mirroring()
    world.directory.join(ADMIN, user(1))
    await world.applies()
    world.directory.leave(ADMIN, user(1))
    world.directory.leave(ENGINEERING, user(1))

    with pytest.raises(NotYet):
        await world.applies()
    assert await known(world) == {user(1)}

    await settle()
    await world.applies()
    assert await known(world) == set()
    assert world.directory.writes["remove_member"] == 1


@virtual
async def test_whoever_was_a_member_before_stays_although_the_list_lacked_them() -> None:
    world = await mirroring()
    world.directory.join(ADMIN, user(1))
    world.directory.join(ENGINEERING, user(1))
    shown = lists_nobody(world)
    await world.applies()
    shown()
    world.directory.leave(ADMIN, user(1))

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}
    assert await known(world) == set()


@pytest.mark.parametrize("outcome", [REJECTED, OBSERVED])
def test_an_event_that_was_declined_keeps_nobody_in_the_mirror(outcome: str) -> None:
    @virtual
    async def run() -> None:
        world = await mirroring()
        world.directory.join(ADMIN, user(1))
        await world.applies()
        await world.wants(ENGINEERING, user(1), wanted=Wanted.MEMBER)
        await world.intents.finish(await world.intents.open_intents(TOTAL), outcome)
        world.directory.leave(ADMIN, user(1))

        await world.applies()

        assert await world.members(ENGINEERING) == set()

    run()


@virtual
async def test_whom_an_open_event_wants_stays_and_is_known_until_it_has_ended() -> None:
    world = await mirroring()
    world.directory.join(ADMIN, user(1))
    await world.applies()
    await world.wants(ENGINEERING, user(1), wanted=Wanted.MEMBER)
    world.directory.leave(ADMIN, user(1))

    with pytest.raises(NotYet):
        await world.applies()
    assert await known(world) == {user(1)}

    await world.intents.finish(await world.intents.open_intents(TOTAL), REJECTED)
    await world.applies()
    assert await world.members(ENGINEERING) == set()

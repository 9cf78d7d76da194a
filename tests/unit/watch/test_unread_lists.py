"""A member of a list who cannot be read hurts no other member, and is not lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.context import Context
from hasten.domain.changes import Action
from hasten.errors import TemporaryError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.ports.directory_errors import DeltaCutShort
from hasten.ports.directory_values import MembershipDelta, UnreadMember
from hasten.provision.drain import drain
from hasten.records import cursors, discovered
from hasten.telemetry.watch import MembersLeftOut
from hasten.watch.compare_people import compare_people
from hasten.watch.sweep import sweep
from tests.fakes.accounts import ENABLED
from tests.support.people import ADA, AMIR, Watched
from tests.support.swept import open_rows, swept
from tests.support.verifying import ran
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

SALES = "0000bbbb-0000-4000-8000-000000000003"
UNREAD = [
    UnreadMember("", "a member has no id, or a type that is not a text"),
    UnreadMember(user(20), "a member has no id, or a type that is not a text"),
]

each = pytest.mark.parametrize("unread", UNREAD, ids=["unknown", "known"])


def hides(world: World, group: str, unread: UnreadMember, who: str) -> None:
    """Lists `who` as an entry that cannot be read."""
    world.directory.unlisted[group] = [unread._replace(id=unread.id and who)]
    if not unread.id:
        members = world.directory.history[group]
        world.directory.history[group] = [m for m in members if m.id != who]


def shows(world: World, group: str, who: str) -> None:
    world.directory.unlisted.clear()
    if who not in {m.id for m in world.directory.members_now(group)}:
        world.directory.join(group, who)


async def minutes_of_sweeps(context: Context, minutes: int) -> None:
    for _ in range(minutes):
        await asyncio.sleep(60)
        await sweep(context)


async def state_of(world: World) -> discovered.DiscoveredTarget:
    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    return found


@each
def test_the_other_members_of_a_new_group_are_provisioned_and_the_one_once_it_can_be_read(
    unread: UnreadMember,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        world.directory.join(SALES, user(20), user(21), user(22))
        hides(world, SALES, unread, user(20))
        world.directory.groups.append(SALES)

        await sweep(world.context)
        assert await open_rows(world) == {(SALES, user(n), Action.ADDED) for n in (21, 22)}
        await minutes_of_sweeps(world.context, 10)
        assert len(await open_rows(world)) == 2
        assert SALES in (await state_of(world)).unsettled

        shows(world, SALES, user(20))
        await sweep(world.context)
        assert await open_rows(world) == {(SALES, user(n), Action.ADDED) for n in (20, 21, 22)}
        assert (await state_of(world)).unsettled == {}

    scenario()


@each
def test_the_other_members_of_an_unassigned_group_are_revoked_and_the_one_once_it_can_be_read(
    unread: UnreadMember,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        hides(world, ENGINEERING, unread, user(3))
        world.directory.groups.remove(ENGINEERING)

        await minutes_of_sweeps(world.context, 10)
        others = {(ENGINEERING, user(n), Action.REMOVED) for n in (0, 1, 2, 4)}
        assert await open_rows(world) == others
        assert world.results("assignment") == ["unassigned"]
        assert ENGINEERING in (await state_of(world)).unsettled

        shows(world, ENGINEERING, user(3))
        await sweep(world.context)
        assert await open_rows(world) == {*others, (ENGINEERING, user(3), Action.REMOVED)}
        assert (await state_of(world)).unsettled == {}

    scenario()


CUT = TemporaryError("a page cannot be read", timedelta(seconds=5))


@pytest.mark.parametrize("trouble", [*UNREAD, CUT], ids=["unknown", "known", "cut short"])
def test_who_left_just_before_the_group_was_unassigned_is_revoked_once_they_can_be_read(
    trouble: UnreadMember | TemporaryError, monkeypatch: pytest.MonkeyPatch
) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        world.directory.leave(ENGINEERING, user(3))
        world.directory.groups.remove(ENGINEERING)
        whole = world.directory.membership_delta

        async def delta_without(link: str) -> MembershipDelta:
            delta = await whole(link)
            found = {g: [m for m in ms if m.id != user(3)] for g, ms in delta.members.items()}
            if isinstance(trouble, TemporaryError):
                raise DeltaCutShort(trouble, replace(delta, members=found))
            return replace(delta, members=found, unread={ENGINEERING: [trouble]})

        with monkeypatch.context() as patched:
            patched.setattr(world.directory, "membership_delta", delta_without)
            await minutes_of_sweeps(world.context, 10)
        others = {(ENGINEERING, user(n), Action.REMOVED) for n in (0, 1, 2, 4)}
        assert await open_rows(world) == others
        assert ENGINEERING in (await state_of(world)).unsettled

        await sweep(world.context)
        assert await open_rows(world) == {*others, (ENGINEERING, user(3), Action.REMOVED)}
        assert (await state_of(world)).unsettled == {}

    scenario()


@virtual
async def test_other_groups_of_the_target_are_swept_as_before() -> None:
    world = await swept()
    world.directory.unlisted[ENGINEERING] = [UNREAD[0]]
    world.directory.join(SALES, user(30))
    world.directory.groups.remove(ENGINEERING)
    world.directory.groups.append(SALES)

    await sweep(world.context)

    assert (SALES, user(30), Action.ADDED) in await open_rows(world)
    found = await state_of(world)
    assert set(found.groups) == {ADMIN, SALES}
    assert world.results("target")[-1] == "found"


@virtual
async def test_an_entry_is_named_by_an_event_each_time_without_its_content() -> None:
    world = await swept()
    world.directory.join(SALES, user(20))
    world.directory.groups.append(SALES)
    world.directory.unlisted[SALES] = UNREAD

    await minutes_of_sweeps(world.context, 2)

    met = [event for event in world.events if isinstance(event, MembersLeftOut)]
    assert [(event.group, event.users, event.members) for event in met] == [
        (SALES, [user(20)], 2)
    ] * 2
    assert all(event.problem for event in met)


@virtual
async def test_a_cycle_of_entra_ends_the_reads_of_such_a_group() -> None:
    world = await swept()
    world.directory.join(SALES, user(20))
    world.directory.unlisted = {SALES: [UNREAD[0]], ENGINEERING: [UNREAD[0]]}
    world.directory.groups.append(SALES)
    world.directory.groups.remove(ENGINEERING)
    await sweep(world.context)

    await asyncio.sleep(2 * REPLICATION_SETTLED_AFTER.total_seconds())
    ran(world, ago=timedelta(0))
    await sweep(world.context)

    found = await state_of(world)
    assert found.unsettled == {}


@pytest.mark.parametrize("known", [True, False])
def test_the_hourly_comparison_reads_people_one_by_one_who_may_be_the_unreadable_member(
    known: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = Watched()
        await world.begins(ADA, AMIR)
        world.directory.hidden.add(ENABLED)
        world.directory.disable(ADA)
        world.directory.disable(AMIR)
        hides(world, ENGINEERING, UNREAD[0]._replace(id=AMIR if known else ""), AMIR)

        await compare_people(world.context)

        assert [users for users, _ in world.queued_people()] == [[ADA, AMIR]]
        assert world.directory.accounts_read == [AMIR]
        assert world.results("member") == ["left_out"]

    scenario()


@virtual
async def test_nobody_is_called_again_when_a_look_moves_the_cursor_of_such_a_group() -> None:
    world = await swept()
    world.directory.unlisted[ENGINEERING] = [UNREAD[0]]
    world.directory.groups.remove(ENGINEERING)
    for number in range(5):
        world.directory.assigned[user(number)].remove(ENGINEERING)
    await sweep(world.context)
    await drain(world.context, Wake(target=TOTAL))
    calls = len(world.directory.calls)
    assert await open_rows(world) == set()

    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    await asyncio.sleep(60)
    await cursors.save(world.store, ENGINEERING, cursor.moved(cursor.link, world.now()))
    await sweep(world.context)
    await drain(world.context, Wake(target=TOTAL))

    assert len(world.directory.calls) == calls

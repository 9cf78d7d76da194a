"""Assignments that came or went since the last sweep; Graph sends no notification about them."""

import asyncio
from collections import Counter

import pytest

from hasten.domain.changes import DIRECT, Action, FoundBy, State
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Look, Wake
from hasten.ports.directory_values import Member
from hasten.ports.store import Document
from hasten.provision.drain import drain
from hasten.records import cursors
from hasten.records.ledger_keys import DONE_PREFIX, OPEN_PREFIX, PROOF_PREFIX
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.memory_store import MemoryStore
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
SALES = "0000bbbb-0000-4000-8000-000000000003"


@virtual
async def test_an_assignment_from_before_hasten_is_left_to_the_cycle() -> None:
    world = await swept()

    assert await open_rows(world) == set()


@virtual
async def test_the_first_sweep_gives_direct_users_a_cursor_although_nobody_is_assigned() -> None:
    world = World()
    await sweep(world.context)

    assert await cursors.load(world.store, f"{DIRECT}|{TOTAL}") is not None


@virtual
async def test_the_members_of_a_newly_assigned_group_are_provisioned() -> None:
    world = await swept()
    world.directory.join(SALES, user(20), user(21))
    world.directory.groups.append(SALES)

    await sweep(world.context)
    await sweep(world.context)

    assert await open_rows(world) == {(SALES, user(n), Action.ADDED) for n in (20, 21)}


@virtual
async def test_a_newly_assigned_group_too_large_for_paced_calls_is_left_to_the_cycle() -> None:
    world = await swept(most_new_members=3)
    world.directory.join(SALES, *(user(n) for n in range(20, 24)))
    world.directory.groups.append(SALES)

    await sweep(world.context)

    assert await open_rows(world) == set()
    assert world.results("assignment") == ["assigned", "left_to_cycle"]


@virtual
async def test_a_leaver_just_before_the_group_was_unassigned_is_revoked_with_the_others() -> None:
    world = await swept()
    world.directory.leave(ENGINEERING, user(0))
    world.directory.groups.remove(ENGINEERING)

    await sweep(world.context)
    await look(
        world.context, Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    )

    assert await open_rows(world) == {(ENGINEERING, user(n), Action.REMOVED) for n in range(5)}


@virtual
async def test_a_leaver_of_a_large_group_that_was_unassigned_and_assigned_again_is_revoked() -> (
    None
):
    world = await swept(most_new_members=3)
    world.directory.join(SALES, *(user(n) for n in range(20, 24)))
    world.directory.groups.append(SALES)
    await sweep(world.context)
    world.directory.groups.remove(SALES)
    await sweep(world.context)
    await drain(world.context, WAKE)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await drain(world.context, WAKE)
    world.directory.groups.append(SALES)
    await sweep(world.context)
    world.directory.leave(SALES, user(20))

    await look(world.context, Look(group=SALES, noticed_at=now(), found_by=FoundBy.NOTIFICATION))

    assert await open_rows(world) == {(SALES, user(20), Action.REMOVED)}


@virtual
async def test_members_called_by_a_sweep_that_crashed_are_revoked_with_their_group() -> None:
    world = await swept(store=CrashingStore())
    assert isinstance(world.store, CrashingStore)
    world.directory.join(SALES, user(20), user(21))
    world.directory.groups.append(SALES)
    world.store.fuse = Fuse(3, after=False)  # cursor, note and rows are written
    with pytest.raises(Killed):
        await sweep(world.context)
    world.store.fuse = Fuse(-1, after=False)
    await drain(world.context, WAKE)
    world.directory.groups.remove(SALES)
    for number in (20, 21):
        world.directory.assigned[user(number)].remove(SALES)

    await sweep(world.context)

    assert await open_rows(world) == {(SALES, user(n), Action.REMOVED) for n in (20, 21)}


@virtual
async def test_members_that_a_crash_left_out_are_found_by_the_next_sweep() -> None:
    world = await swept(store=CrashingStore())
    assert isinstance(world.store, CrashingStore)
    world.directory.join(SALES, user(20))
    world.directory.groups.append(SALES)
    world.store.fuse = Fuse(2, after=False)  # cursor and note are written
    with pytest.raises(Killed):
        await sweep(world.context)
    world.store.fuse = Fuse(-1, after=False)

    await sweep(world.context)

    assert await open_rows(world) == {(SALES, user(20), Action.ADDED)}


@virtual
async def test_unassigning_a_group_revokes_its_members() -> None:
    world = await swept()
    world.directory.groups.remove(ENGINEERING)
    for n in range(5):
        world.directory.assigned[user(n)].remove(ENGINEERING)

    await sweep(world.context)
    await drain(world.context, WAKE)

    called = {name for call in world.directory.calls for name in call.users}
    assert called == {user(n) for n in range(5)}
    assert {call.group for call in world.directory.calls} == {None}


@virtual
async def test_a_member_whose_kind_graph_does_not_say_is_revoked_with_the_group() -> None:
    """Nor does one of a new kind stay: it may be one of users."""
    world = await swept()
    kinds = ["", "user", "group", "device", "somethingnew"]
    world.directory.history[ENGINEERING] = [
        Member(user(n), kind, removed=False) for n, kind in enumerate(kinds)
    ]
    world.directory.groups.remove(ENGINEERING)

    await sweep(world.context)

    assert await open_rows(world) == {(ENGINEERING, user(n), Action.REMOVED) for n in (0, 1, 4)}


@virtual
async def test_unassigning_a_large_group_is_held_by_the_brake() -> None:
    world = await swept()
    world.directory.join(ADMIN, *(user(n) for n in range(100, 140)))
    await sweep(world.context)
    world.directory.groups.remove(ADMIN)

    await sweep(world.context)
    await drain(world.context, WAKE)

    rows = await world.ledger.open_changes(TOTAL)
    assert {row.state for row in rows if row.group == ADMIN} == {State.HELD}
    assert world.directory.calls == []


@virtual
async def test_a_user_called_by_a_sweep_that_crashed_is_revoked_when_unassigned() -> None:
    world = await swept(store=CrashingStore())
    assert isinstance(world.store, CrashingStore)
    world.directory.assigned[user(60)] = [user(60)]
    world.directory.grant(user(60), kind="User")
    world.store.fuse = Fuse(2, after=False)  # the user is announced and the row is written
    with pytest.raises(Killed):
        await sweep(world.context)
    world.store.fuse = Fuse(-1, after=False)
    await drain(world.context, WAKE)
    [granted] = world.directory.granted.values()
    granted.pop()
    world.directory.assigned[user(60)] = []

    await sweep(world.context)

    assert await open_rows(world) == {(DIRECT, user(60), Action.REMOVED)}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(3))
@virtual
async def test_a_user_unassigned_before_a_sweep_that_crashed_and_assigned_later_is_provisioned(
    step: int,
    after: bool,  # noqa: FBT001 - a case
) -> None:
    world = await swept(store=CrashingStore())
    assert isinstance(world.store, CrashingStore)
    world.directory.granted.clear()
    world.directory.assigned[user(50)] = []
    world.store.fuse = Fuse(step, after=after)
    with pytest.raises(Killed):
        await sweep(world.context)
    world.store.fuse = Fuse(-1, after=False)
    await sweep(world.context)
    await drain(world.context, WAKE)
    await asyncio.sleep(30)
    await drain(world.context, WAKE)
    world.directory.assigned[user(50)] = [user(50)]
    world.directory.grant(user(50), kind="User")
    await sweep(world.context)

    assert await open_rows(world) == {(DIRECT, user(50), Action.ADDED)}


@virtual
async def test_users_assigned_and_unassigned_without_a_group_are_called_as_users() -> None:
    world = await swept()
    world.directory.assigned[user(60)] = [user(60)]
    world.directory.assigned[user(50)] = []
    world.directory.granted.clear()
    world.directory.grant(user(60), kind="User")

    await sweep(world.context)

    assert await open_rows(world) == {
        (DIRECT, user(60), Action.ADDED),
        (DIRECT, user(50), Action.REMOVED),
    }
    await drain(world.context, WAKE)
    assert [(call.group, call.users) for call in world.directory.calls] == [
        (None, (user(50),)),
        (None, (user(60),)),
    ]


@virtual
async def test_a_user_assigned_twice_in_a_row_is_called_each_time() -> None:
    world = await swept()
    for _ in range(2):
        world.directory.assigned[user(60)] = [user(60)]
        world.directory.grant(user(60), kind="User")
        await sweep(world.context)
        await drain(world.context, WAKE)
        world.directory.granted.clear()
        world.directory.assigned[user(60)] = []
        await sweep(world.context)
        await drain(world.context, WAKE)

    assert len([call for call in world.directory.calls if call.users == (user(60),)]) == 4


class Counting(MemoryStore):
    """Counts how often each key is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        self.reads[key] += 1
        return await super().get(collection, partition, key)


@virtual
async def test_the_row_of_a_member_of_a_new_group_is_read_once_before_it_is_recorded() -> None:
    store = Counting()
    world = await swept(store)
    world.directory.join(SALES, user(20), user(21))
    world.directory.groups.append(SALES)

    await sweep(world.context)

    reads = {
        key.removesuffix(f"{SALES}|{name}"): count
        for key, count in store.reads.items()
        for name in (user(20), user(21))
        if key.endswith(f"{SALES}|{name}")
    }
    # Once to see what is known, and once with the write. An open row may come while that is read.
    assert reads == {OPEN_PREFIX: 3, PROOF_PREFIX: 2, DONE_PREFIX: 2}

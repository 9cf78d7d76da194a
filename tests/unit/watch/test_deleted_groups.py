"""Assigned groups that were deleted."""

import asyncio
from datetime import datetime, timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.domain.changes import Action, FoundBy
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.messages import Look, Wake
from hasten.ports.directory_values import Members
from hasten.provision.drain import drain
from hasten.records import direct_assignments, discovered
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.directory import JOB, FakeDirectory
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user


@virtual
async def test_a_deleted_group_is_reported_until_a_cycle_has_seen_that_it_is_gone() -> None:
    world = await swept()
    world.directory.delete_group(ENGINEERING)
    at = now()

    await sweep(world.context)
    await sweep(world.context)

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.deleted == {ENGINEERING: at.isoformat()}
    deleted = [e for e in world.events if e.result == "deleted"]
    assert [(e.problem, e.fields["group"]) for e in deleted] == [(True, ENGINEERING)]

    await asyncio.sleep(timedelta(minutes=10).total_seconds())
    for began, expected in ((1, [ENGINEERING]), (3, [])):
        world.directory.job_list = [job_with_cycle(at + timedelta(minutes=began))]
        await asyncio.sleep(150)
        await sweep(world.context)
        found = await discovered.load(world.store, TOTAL)
        assert found is not None
        assert list(found.deleted) == expected


@virtual
async def test_a_group_that_a_lagging_replica_did_not_know_is_unassigned_and_its_people_leave() -> (
    None
):
    world = await swept()
    shown = await world.directory.group(ENGINEERING)
    assert shown is not None
    members = world.directory.history.pop(ENGINEERING)
    world.directory.delete_group(ENGINEERING)
    await sweep(world.context)
    assert await open_rows(world) == set()

    world.directory.group_objects[ENGINEERING] = shown
    world.directory.history[ENGINEERING] = members
    await asyncio.sleep(60)
    await sweep(world.context)

    assert await open_rows(world) == {(ENGINEERING, user(n), Action.REMOVED) for n in range(5)}
    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.deleted == {}
    assert world.results("assignment") == ["deleted", "unassigned"]


@virtual
async def test_a_deleted_group_is_not_looked_for_once_the_replicas_have_settled() -> None:
    world = await swept()
    world.directory.delete_group(ENGINEERING)
    for _ in range(4):
        await sweep(world.context)
        await asyncio.sleep(60)

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert (list(found.deleted), found.unsettled) == ([ENGINEERING], {})
    assert world.results("assignment") == ["deleted"]


def job_with_cycle(began: datetime) -> Json:
    ended = (began + timedelta(minutes=1)).isoformat()
    cycle = {"timeBegan": began.isoformat(), "timeEnded": ended}
    return {
        "id": JOB,
        "status": {"code": "Active", "lastExecution": cycle, "lastSuccessfulExecution": cycle},
    }


@virtual
async def test_a_deleted_group_that_was_restored_and_assigned_again_is_no_longer_reported() -> None:
    world = await swept()
    world.directory.delete_group(ENGINEERING)
    await sweep(world.context)
    world.directory.groups.append(ENGINEERING)
    world.directory.join(ENGINEERING, user(1))

    await sweep(world.context)

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.deleted == {}


SALES = "0000bbbb-0000-4000-8000-000000000003"
EARLIER, NEW = (user(20), user(21)), user(22)


async def restored(world: World) -> None:
    """Restores a group whose members Hasten had called, after a cycle took their access."""
    world.directory.join(SALES, *EARLIER)
    world.directory.groups.append(SALES)
    await sweep(world.context)
    await drain(world.context, Wake(target=TOTAL))
    world.directory.delete_group(SALES)
    await sweep(world.context)
    await asyncio.sleep(3600)
    world.directory.job_list = [job_with_cycle(now() - timedelta(minutes=10))]
    await sweep(world.context)
    world.directory.calls.clear()
    world.directory.groups.append(SALES)
    world.directory.join(SALES, *EARLIER, NEW)


@virtual
async def test_the_earlier_members_of_a_group_that_was_restored_are_called_again_once() -> None:
    world = await swept()
    await restored(world)

    for _ in range(6):
        await sweep(world.context)
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)

    called = [one for call in world.directory.calls for one in call.users]
    assert sorted(called) == [*EARLIER, NEW]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(4))
@virtual
async def test_a_sweep_that_crashes_after_a_restore_loses_no_earlier_member(
    step: int,
    after: bool,  # noqa: FBT001 - a case
) -> None:
    world = await swept(CrashingStore())
    assert isinstance(world.store, CrashingStore)
    await restored(world)
    world.store.fuse = Fuse(step, after=after)
    with pytest.raises(Killed):
        await sweep(world.context)
    world.store.fuse = Fuse(-1, after=False)

    for _ in range(2):
        await asyncio.sleep(60)
        await sweep(world.context)
        await drain(world.context, Wake(target=TOTAL))

    assert {one for call in world.directory.calls for one in call.users} == {*EARLIER, NEW}


@virtual
async def test_who_leaves_a_restored_group_later_is_revoked() -> None:
    world = await swept()
    await restored(world)
    await sweep(world.context)
    await drain(world.context, Wake(target=TOTAL))
    world.directory.leave(SALES, EARLIER[0])

    await look(world.context, Look(group=SALES, noticed_at=now(), found_by=FoundBy.NOTIFICATION))

    assert await open_rows(world) == {(SALES, EARLIER[0], Action.REMOVED)}


BROKEN, SUPPORT = (f"0000bbbb-0000-4000-8000-{number:012}" for number in (7, 8))


@pytest.mark.parametrize("fails", ["assigned", "unassigned", "direct users"])
def test_a_sweep_reports_each_group_once_while_something_else_cannot_be_compared(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One group was deleted, one unassigned and one assigned."""

    @virtual
    async def run() -> None:
        world = await swept()
        world.directory.has_group(BROKEN, "Broken")
        world.directory.join(BROKEN, user(7))
        world.directory.has_group(SUPPORT, "Support")
        world.directory.has_group(ADMIN, "Admins")
        if fails == "unassigned":
            world.directory.groups.append(BROKEN)
            await sweep(world.context)
        members = FakeDirectory.members

        async def refuses(self: FakeDirectory, group: str) -> Members:
            if group == BROKEN:
                raise PermanentError("403", "grant it")
            return await members(self, group)

        monkeypatch.setattr(FakeDirectory, "members", refuses)
        known = direct_assignments.known
        if fails == "direct users":
            error = TemporaryError("the store did not answer", timedelta(seconds=5))
            monkeypatch.setattr(direct_assignments, "known", AsyncMock(side_effect=error))
        elif fails == "unassigned":
            world.directory.groups.remove(BROKEN)
        else:
            world.directory.groups.append(BROKEN)
        world.directory.delete_group(ENGINEERING)
        world.directory.groups.remove(ADMIN)
        world.directory.groups.append(SUPPORT)
        world.events.clear()

        for _ in range(6):
            await sweep(world.context)
            await asyncio.sleep(60)
        assert len([e for e in world.events if e.name == "target" and e.result != "found"]) == 6
        assert sorted(world.results("assignment")) == ["assigned", "deleted", "unassigned"]

        monkeypatch.setattr(FakeDirectory, "members", members)
        monkeypatch.setattr(direct_assignments, "known", known)
        await sweep(world.context)
        broken = (BROKEN, user(7), Action.REMOVED if fails == "unassigned" else Action.ADDED)
        assert (broken in await open_rows(world)) is (fails != "direct users")
        assert len(world.results("assignment")) == 3 + (fails == "unassigned")

    run()

"""Assigned groups that were deleted."""

import asyncio
from datetime import datetime, timedelta

from hasten.domain.changes import Action
from hasten.json import Json
from hasten.records import discovered
from hasten.watch.sweep import sweep
from tests.fakes.directory import JOB
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


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

    for began, expected in ((1, [ENGINEERING]), (3, [])):
        world.directory.job_list = [job_with_cycle(at + timedelta(minutes=began))]
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

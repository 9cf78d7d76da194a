"""Assigned groups that were deleted."""

from datetime import datetime, timedelta

from hasten.json import Json
from hasten.records import discovered
from hasten.watch.sweep import sweep
from tests.fakes.directory import JOB
from tests.support.swept import swept
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

"""What needs no call of ours, and what a job in trouble holds up."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, FoundBy, State
from hasten.domain.cycle import CYCLE_SEES_CHANGES_AFTER
from hasten.domain.removal_settlement import ASSIGNMENTS_READ_AGAIN
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Look, Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.provision.removal_reach import UNASSIGNED_GROUP
from hasten.provision.triage import CYCLE_IS_SOONER, LEFT_AT_ONCE
from hasten.watch.look import look, start_watching
from tests.fakes.directory import JOB
from tests.fakes.memory_store import MemoryStore
from tests.support.slow_store import Slow
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


async def discovered() -> World:
    world = World()
    await world.is_discovered()
    return world


def job(world: World, code: str = "Active", **status: Any) -> None:
    world.directory.job_list = [
        {"id": JOB, "schedule": {"interval": "PT40M"}, "status": {"code": code, **status}}
    ]


def ran(world: World, began: datetime, minutes: int = 2) -> None:
    ended = began + timedelta(minutes=minutes)
    execution = {"timeBegan": began.isoformat(), "timeEnded": ended.isoformat()}
    job(world, lastExecution=execution, lastSuccessfulExecution=execution)


async def later(by: timedelta) -> None:
    await asyncio.sleep(by.total_seconds())


@virtual
async def test_a_grant_that_a_cycle_has_covered_waits_for_the_log_and_is_not_called() -> None:
    world = await discovered()
    await world.joined(ENGINEERING, user(1))
    await later(CYCLE_SEES_CHANGES_AFTER)
    ran(world, now(), minutes=0)

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)
    assert world.directory.calls == []


@virtual
async def test_a_late_look_finds_a_joiner_who_came_after_the_cycle_that_ran_before_it() -> None:
    world = await discovered()
    await start_watching(world.context, ENGINEERING)
    message = Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    await later(CYCLE_SEES_CHANGES_AFTER)
    ran(world, now())
    await later(timedelta(minutes=5))
    world.directory.join(ENGINEERING, user(1))
    await look(world.context, message)

    await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [(user(1),)]


@virtual
async def test_a_revocation_is_called_though_a_cycle_should_have_done_it() -> None:
    world = await discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await later(CYCLE_SEES_CHANGES_AFTER)
    ran(world, now())

    await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [(user(1),)]


@virtual
async def test_grants_that_the_next_cycle_brings_sooner_are_left_to_it_with_the_time() -> None:
    world = await discovered()
    ran(world, now() - timedelta(minutes=37))
    await world.joined(ENGINEERING, *(user(n) for n in range(1000)))

    await drain(world.context, WAKE)
    await drain(world.context, WAKE)

    rows = [await world.row(ENGINEERING, user(n)) for n in range(1000)]
    left = [row for row in rows if row.state is State.LEFT_TO_CYCLE]
    assert 0 < len(left) < 1000
    assert {row.expected_at for row in left} == {START + timedelta(minutes=5)}
    assert {row.state for row in rows} - {State.LEFT_TO_CYCLE} == {State.SUCCEEDED}


@virtual
async def test_a_revocation_behind_a_backlog_is_never_left_to_the_cycle() -> None:
    world = await discovered()
    ran(world, now() - timedelta(minutes=39))
    leavers = [user(n) for n in range(300)]
    world.directory.join(ENGINEERING, *leavers)
    await world.left(ENGINEERING, *leavers)

    await drain(world.context, WAKE)
    await drain(world.context, WAKE)

    states = {(await world.row(ENGINEERING, name)).state for name in leavers}
    assert State.LEFT_TO_CYCLE not in states


@virtual
async def test_a_revocation_does_not_wait_until_a_backlog_is_left_to_the_cycle() -> None:
    """A department is renamed, and one of its people leaves. Each request to the store takes
    time."""
    world = World(store=Slow(MemoryStore()))
    await world.is_discovered()
    ran(world, now() - timedelta(minutes=37))
    others = [user(n) for n in range(2, 702)]
    world.directory.join(ENGINEERING, user(1), *others)
    for known in (user(1), *others):
        world.directory.has_user(known)
    await world.left(ENGINEERING, user(1))
    leaver = await world.row(ENGINEERING, user(1))
    renamed = replace(leaver, group=OWN_ACCOUNT, action=Action.UPDATED)
    await world.ledger.record([replace(renamed, user=other) for other in others])
    began = now()

    await drain(world.context, WAKE, longest=timedelta(seconds=30))

    first = world.directory.calls[0]
    assert first.users == (user(1),)
    assert first.at - began < timedelta(seconds=1)
    rows = [await world.row(OWN_ACCOUNT, other) for other in others]
    assert len([row for row in rows if row.reason == CYCLE_IS_SOONER]) > 2 * LEFT_AT_ONCE


@virtual
async def test_rows_of_a_job_in_quarantine_wait_with_the_reason_and_one_alert() -> None:
    world = await discovered()
    job(world, "Quarantine", quarantine={"reason": "TooManyDeletes", "currentBegan": "then"})
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)
    await later(timedelta(minutes=6))
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.WAITING
    assert "TooManyDeletes" in row.reason
    assert row.next_action
    assert world.directory.calls == []
    assert len({message.message_id for message in world.bus.of(PROVISIONING_OUTCOMES)}) == 1


@virtual
async def test_a_quarantine_that_begins_during_a_call_gives_one_alert_while_the_call_ends() -> None:
    world = await discovered()
    world.directory.seconds_per_call = 85
    await world.joined(ENGINEERING, user(1))
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)
    job(world, "Quarantine", quarantine={"reason": "TooManyDeletes"})
    await later(timedelta(seconds=70))
    await world.joined(ADMIN, user(2))
    await drain(world.context, WAKE)

    await asyncio.wait_for(running, timeout=300)

    assert world.results("target") == ["unhealthy"]
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    assert (await world.row(ADMIN, user(2))).state is State.WAITING


@virtual
async def test_when_the_quarantine_has_ended_the_rows_are_called() -> None:
    world = await discovered()
    job(world, "Quarantine", quarantine={"reason": "TooManyDeletes"})
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    job(world)
    await later(timedelta(minutes=6))

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED


@virtual
async def test_a_leaver_of_a_group_that_is_no_longer_assigned_is_left_to_the_cycle() -> None:
    world = await discovered()
    other = "0000bbbb-0000-4000-8000-000000000009"
    world.directory.join(ENGINEERING, user(1))
    world.directory.join(other, user(1))
    await world.left(other, user(1))

    await drain(world.context, WAKE)
    early = await world.row(other, user(1))
    await later(REPLICATION_SETTLED_AFTER)
    await drain(world.context, WAKE)

    row = await world.row(other, user(1))
    assert (early.state, early.reason) == (State.WAITING, ASSIGNMENTS_READ_AGAIN)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)
    assert row.reason == UNASSIGNED_GROUP
    assert world.directory.calls == []


@pytest.mark.parametrize("code", ["Paused", "Active"])
def test_a_job_that_can_provision_on_demand_is_used(code: str) -> None:
    @virtual
    async def test() -> None:
        world = await discovered()
        job(world, code)
        await world.joined(ENGINEERING, user(1))

        await drain(world.context, WAKE)

        assert len(world.directory.calls) == 1

    test()

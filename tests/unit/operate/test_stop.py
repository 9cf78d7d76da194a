"""While an operator has stopped Hasten nothing is called or written, and nothing is lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import State
from hasten.domain.explaining import explain
from hasten.domain.intents import Wanted
from hasten.ensure.apply_policy import apply_policies
from hasten.ensure.fence import fenced
from hasten.ensure.run import ensure
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.operate.explain import gather
from hasten.operate.status import target_status
from hasten.operate.stop import start, stop
from hasten.policy import Creation, GroupPolicy
from hasten.ports.bus import ENSURE, PROVISIONING
from hasten.ports.directory_values import Assignments
from hasten.provision.drain import drain
from hasten.records import stops
from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from hasten.records.stops import ALL_TARGETS
from hasten.targets import Target
from hasten.timers import run
from tests.fakes.directory import JOB
from tests.support.applying import ADMINS, MONITORED, world_with
from tests.support.ensuring import RUN, Onboarding
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
BOTH = pytest.mark.parametrize("stopped", [TOTAL, ALL_TARGETS])


async def is_stopped(world: World, target: str = TOTAL) -> None:
    await stop(world.context, target, by="operator-1", reason="odd removals")


async def is_started(world: World, target: str = TOTAL) -> None:
    await start(world.context, target, by="operator-2", reason="mended")


@BOTH
@virtual
async def test_no_call_is_made_until_someone_starts_it_again(stopped: str) -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await is_stopped(world, stopped)

    await drain(world.context, WAKE)
    assert world.directory.calls == []
    assert (await world.row(ENGINEERING, user(1))).state is State.PENDING

    await is_started(world, stopped)
    assert len(world.bus.of(PROVISIONING)) == 1
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED


@virtual
async def test_another_target_goes_on() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await is_stopped(world, "OTHER")

    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1


@virtual
async def test_a_drain_that_runs_makes_no_further_call() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(60)))
    calls_of = world.directory.provision_on_demand
    context = world.context

    async def stopping(*args: object, **named: object) -> object:
        if not world.directory.calls:
            await stop(context, TOTAL, by="operator-1", reason="odd")
        return await calls_of(*args, **named)  # type: ignore[arg-type]

    world.directory.provision_on_demand = stopping  # type: ignore[method-assign, assignment]

    await drain(context, WAKE)

    assert 1 <= len(world.directory.calls) <= 5  # those of the first plan at most
    states = [row.state for row in await world.ledger.open_changes(TOTAL)]
    assert State.CALLING not in states
    assert State.PENDING in states


@BOTH
@virtual
async def test_nothing_is_written_for_an_event(stopped: str) -> None:
    world = Onboarding()
    await world.is_discovered()
    world.directory.has_user(user(1))
    await world.wants(ENGINEERING, user(1))
    await is_stopped(world, stopped)

    await ensure(world.context, RUN)
    assert not world.directory.writes

    await is_started(world, stopped)
    assert len(world.bus.of(ENSURE)) == 1
    await ensure(world.context, RUN)
    assert world.directory.writes["add_members"] == 1


@virtual
async def test_an_ensure_that_runs_removes_nobody_else_within_a_second() -> None:
    world = Onboarding()
    await world.is_discovered()
    leavers = [user(number) for number in range(8)]
    world.directory.join(ENGINEERING, *leavers, *(user(number) for number in range(100, 200)))
    for leaver in leavers:
        await world.wants(ENGINEERING, leaver, wanted=Wanted.ABSENT)
    remove = world.directory.remove_member
    removed: list[str] = []

    async def stopping(group: str, member: str) -> bool:
        removed.append(member)
        if len(removed) == 1:
            await is_stopped(world)
        await asyncio.sleep(0.7)
        return await remove(group, member)

    world.directory.remove_member = stopping  # type: ignore[method-assign]

    with pytest.raises(TemporaryError, match="odd removals"):
        await ensure(world.context, RUN)

    assert 1 <= len(removed) <= 2
    await is_started(world)
    await ensure(world.context, RUN)
    assert len(removed) == len(leavers)


@virtual
async def test_a_check_for_a_stop_that_failed_is_made_again_before_the_next_write() -> None:
    world = World()
    lease = await acquire(world.store, TOTAL, WorkKind.ENSURE, owner="worker", now=now)
    assert lease is not None
    directory = fenced(world.context, lease).directory
    scan = world.store.scan

    async def fails(*_: object, **__: object) -> Any:
        raise TemporaryError("no answer", timedelta(seconds=1))

    await is_stopped(world)
    await asyncio.sleep(2)
    world.store.scan = fails  # type: ignore[method-assign]
    with pytest.raises(TemporaryError, match="no answer"):
        await directory.add_members(ENGINEERING, [user(1)])
    world.store.scan = scan  # type: ignore[method-assign]

    with pytest.raises(TemporaryError, match="odd removals"):
        await directory.add_members(ENGINEERING, [user(1)])

    assert not world.directory.writes


@virtual
async def test_an_ensure_that_was_stopped_while_it_found_the_target_makes_no_group() -> None:
    policy = GroupPolicy(name="*", create=Creation())
    world = Onboarding(target=Target(name=TOTAL, display_name=TOTAL, groups=(policy,)))
    world.directory.has_user(user(1))
    await world.wants("", user(1), name="TOTAL - Design")
    assignments = world.directory.assignments

    async def slow(service_principal: str) -> Assignments:
        await is_stopped(world)
        await asyncio.sleep(10)
        return await assignments(service_principal)

    world.directory.assignments = slow  # type: ignore[method-assign]

    with pytest.raises(TemporaryError, match="odd removals"):
        await ensure(world.context, RUN)

    assert not world.directory.writes


@virtual
async def test_the_policy_writes_nothing_and_the_command_says_who_stopped_it() -> None:
    world = await world_with(ADMINS, MONITORED, monitored=False)
    world.directory.join(ADMIN, user(1))
    await is_stopped(world)

    await apply_policies(world.context)
    with pytest.raises(PermanentError, match=r"operator-1 stopped TOTAL at .*: odd removals"):
        await world.applies()

    assert not world.directory.writes


@virtual
async def test_status_names_who_and_why_and_the_log_repeats_a_stop_but_says_a_start_once() -> None:
    world = World()
    await world.is_discovered()
    await is_stopped(world)

    shown = await target_status(world.context, world.target)
    await run(world.context, "wake")
    await run(world.context, "wake")
    await is_started(world)
    for _ in range(5):
        await run(world.context, "wake")

    assert any("operator-1 stopped TOTAL" in str(problem) for problem in shown.problems)
    told = [e for e in world.events if e.name == "stop"]
    assert [(e.result, e.problem, e.fields["by"]) for e in told] == [
        ("in_force", True, "operator-1"),
        ("in_force", True, "operator-1"),
        ("lifted", False, "operator-2"),
    ]


@virtual
async def test_explain_says_that_nothing_is_called() -> None:
    world = World()
    await world.is_discovered()
    world.directory.job_list = [{"id": JOB, "status": {"code": "Active"}}]
    await world.joined(ENGINEERING, user(1))
    await is_stopped(world)

    sentences = explain(await gather(world.context, world.target, user(1)))

    assert "operator-1 stopped TOTAL" in sentences[-1]


@virtual
async def test_a_report_of_an_older_decision_does_not_undo_a_newer_stop() -> None:
    world = World()
    await is_started(world)
    [older] = await stops.load_all(world.store)
    await is_stopped(world)

    await stops.reported(world.store, older)

    assert await stops.find(world.store, TOTAL) is not None

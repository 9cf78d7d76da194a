"""Hasten was off for days when the provisioning log said what became of a row."""

import asyncio
import itertools
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest

from hasten.adapters.graph.spacing import Spacing
from hasten.domain.changes import State
from hasten.domain.proof import PROOF_TIMEOUT
from hasten.errors import TemporaryError
from hasten.limits import CALL_WINDOW, REPORT_CALLS_PER_WINDOW
from hasten.ports.directory_values import ProvisioningLog
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records import discovered
from tests.support.verifying import WAKE, disabled, log, ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WEEKEND = timedelta(days=3).total_seconds()
HOUR = 3600.0
FUNCTION_TIMEOUT = timedelta(minutes=10)
"""Of host.json."""


async def left() -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    return world


@virtual
async def test_a_contradiction_of_a_removal_is_seen_after_days() -> None:
    world = await left()
    await asyncio.sleep(HOUR)
    log(world, user(1), "create")
    await asyncio.sleep(WEEKEND)

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.contradicted) == (State.WAITING, 1)


@pytest.mark.parametrize("is_left", [True, False], ids=["left to the cycle", "still open"])
@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("failure", "AttributeValidationFailed", State.FAILED),
        ("success", "", State.DONE_BY_CYCLE),
    ],
)
def test_a_cycle_of_days_ago_gave_a_grant_only_if_the_log_shows_no_refusal(
    status: str, code: str, state: State, *, is_left: bool
) -> None:
    @virtual
    async def run() -> None:
        world = World()
        await world.is_discovered()
        await world.joined(ENGINEERING, user(1))
        await asyncio.sleep(HOUR)
        ran(world)
        if is_left:
            await drain(world.context, WAKE)
        log(world, user(1), "update", status, code)
        await asyncio.sleep(WEEKEND)
        await drain(world.context, WAKE)

        await verify(world.context)

        assert (await world.row(ENGINEERING, user(1))).state is state
        assert world.directory.calls == []

    run()


@virtual
async def test_a_removal_that_a_cycle_of_days_ago_made_costs_no_call() -> None:
    world = await disabled()
    await asyncio.sleep(HOUR)
    ran(world)
    log(world, user(1), "disable")
    await asyncio.sleep(WEEKEND)

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE


@virtual
async def test_a_log_of_days_that_is_too_long_to_read_leaves_the_last_day_to_decide() -> None:
    world = await left()
    await asyncio.sleep(WEEKEND)
    log(world, user(1), "create", at=now() - timedelta(days=2))
    log(world, user(1), "disable")
    began, asked_for = now(), world.directory.provisioning_log

    async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
        if now() - since > timedelta(days=1, minutes=5):
            await asyncio.sleep(HOUR)
        return await asked_for(job, since, subjects)

    with patch.object(world.directory, "provisioning_log", read):
        await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED
    assert now() - began < timedelta(minutes=5)


@virtual
async def test_several_targets_with_logs_of_days_read_all_of_them() -> None:
    """One read of the log takes more than a minute when it has all turns, and no log is cut."""
    world = await left()
    found = await discovered.must_load(world.store, TOTAL)
    row, names = await world.row(ENGINEERING, user(1)), ["B", "C", "D"]
    for name in names:
        await discovered.save(world.store, replace(found, target=name), over=None)
        await world.ledger.record([replace(row, target=name)])
    await asyncio.sleep(HOUR)
    log(world, user(1), "create")
    await asyncio.sleep(WEEKEND)
    asked_for = world.directory.provisioning_log
    reports = Spacing(REPORT_CALLS_PER_WINDOW, CALL_WINDOW)

    async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
        for _ in range(40):
            await reports.turn()
        return await asked_for(job, since, subjects)

    with patch.object(world.directory, "provisioning_log", read):
        await verify(world.context)

    rows = [await world.ledger.find(name, ENGINEERING, user(1)) for name in (TOTAL, *names)]
    assert [one and one.contradicted for one in rows] == [1, 1, 1, 1]


@virtual
async def test_many_targets_with_endless_logs_of_days_delay_no_other_and_end_before_the_timer() -> (
    None
):
    """What is left of them is read in the next run."""
    world = await left()
    found = await discovered.must_load(world.store, TOTAL)
    row, names = await world.row(ENGINEERING, user(1)), [f"T{number}" for number in range(8)]
    await asyncio.sleep(WEEKEND)
    await world.ledger.move([row], lambda seen: replace(seen, called_at=now()))
    for name in names:
        await discovered.save(world.store, replace(found, target=name), over=None)
        await world.ledger.record([replace(row, target=name)])
    log(world, user(1), "disable")
    asked_for, began, lasted = world.directory.provisioning_log, now(), list[timedelta]()

    async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
        if now() - since > timedelta(days=1, minutes=30):
            await asyncio.sleep(HOUR)
        if now() - since < timedelta(hours=1):
            lasted.append(now() - began)
        return await asked_for(job, since, subjects)

    with patch.object(world.directory, "provisioning_log", read):
        for _ in range(4):
            began = now()
            await verify(world.context)
            assert now() - began < FUNCTION_TIMEOUT

    assert lasted == [timedelta()]
    rows = [await world.ledger.find(name, ENGINEERING, user(1)) for name in (TOTAL, *names)]
    assert {one and one.state for one in rows} == {State.CONFIRMED}


@pytest.mark.parametrize("code", ["Active", "Paused"])
def test_a_row_that_may_go_on_waiting_reads_one_day_of_the_log(code: str) -> None:
    """The read is repeated every five minutes, for as long as no cycle runs."""

    @virtual
    async def run() -> None:
        world = await disabled()
        world.directory.job_list[0]["status"]["code"] = code
        await asyncio.sleep(WEEKEND)
        log(world, user(2), "create", at=now() - PROOF_TIMEOUT - timedelta(minutes=1))
        asked_for = world.directory.provisioning_log
        seen: list[ProvisioningLog] = []

        async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
            seen.append(await asked_for(job, since, subjects))
            return seen[-1]

        with patch.object(world.directory, "provisioning_log", read):
            await verify(world.context)

        assert [one.entries for one in seen] == [[]]

    run()


@virtual
async def test_a_row_that_may_go_on_waiting_waits_for_no_log_of_days_while_the_clock_goes_on() -> (
    None
):
    """A moment passes between any two looks at the clock."""
    world = await disabled()
    world.directory.job_list[0]["status"]["code"] = "Paused"
    target = await discovered.must_load(world.store, TOTAL)
    await asyncio.sleep(WEEKEND)
    ended = replace(await world.row(ENGINEERING, user(1)), state=State.SUCCEEDED)
    for name in ("A", "B", "C"):
        await discovered.save(world.store, replace(target, target=name, job=name), over=None)
        await world.ledger.record([replace(ended, target=name, needs_proof=True)])
    read_after, began, ticks = list[timedelta](), now(), itertools.count()

    async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
        if now() - since > timedelta(days=2):
            await asyncio.sleep(HOUR)
        if job not in {"A", "B", "C"}:
            read_after.append(now() - began)
        return ProvisioningLog([])

    def ticking() -> datetime:
        return now() + timedelta(milliseconds=next(ticks))

    with (
        patch.object(world.directory, "provisioning_log", read),
        patch.object(world, "now", ticking),
    ):
        await verify(world.context)

    assert read_after == [timedelta()]


@virtual
async def test_many_logs_of_one_day_leave_time_for_a_log_of_days() -> None:
    """The log of each of 180 targets takes two seconds."""
    world = await left()
    target = await discovered.must_load(world.store, TOTAL)
    row = await world.row(ENGINEERING, user(1))
    await asyncio.sleep(WEEKEND)
    log(world, user(1), "disable")
    for number in range(180):
        name = f"T{number}"
        await discovered.save(world.store, replace(target, target=name, job=name), over=None)
        await world.ledger.record([replace(row, target=name, called_at=now())])
    reports = Spacing(REPORT_CALLS_PER_WINDOW, CALL_WINDOW)

    async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
        await reports.turn()
        return await asked_for(job, since, subjects) if job == target.job else ProvisioningLog([])

    asked_for = world.directory.provisioning_log
    began = now()
    with patch.object(world.directory, "provisioning_log", read):
        await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED
    assert now() - began < FUNCTION_TIMEOUT


@virtual
async def test_targets_whose_logs_of_days_cannot_be_read_to_the_end_leave_time_for_others() -> None:
    """Graph answers with an error after minutes, again and again."""
    world = await left()
    target = await discovered.must_load(world.store, TOTAL)
    row, names = await world.row(ENGINEERING, user(1)), [f"T{number}" for number in range(6)]
    for name in names:
        found = replace(target, target=name, job=name)
        await discovered.save(world.store, found, over=None)
        await world.ledger.record([replace(row, target=name)])
    await asyncio.sleep(WEEKEND)
    log(world, user(1), "disable")
    read_to_the_end = set[str]()

    async def read(job: str, since: datetime, subjects: Collection[str]) -> ProvisioningLog:
        if job not in {"T4", "T5"}:
            await asyncio.sleep(100)
            raise TemporaryError("Graph answered 504", timedelta(seconds=5))
        read_to_the_end.add(job)
        return ProvisioningLog([])

    with patch.object(world.directory, "provisioning_log", read):
        for _ in range(12):
            with pytest.raises(TemporaryError):
                await verify(world.context)
            await asyncio.sleep(300 - now().timestamp() % 300)

    assert read_to_the_end == {"T4", "T5"}

"""Verification of calls against the provisioning logs."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest

from hasten.domain.changes import State
from hasten.domain.proof import PROOF_TIMEOUT
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory_values import ProvisioningLog
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from tests.fakes.directory import (
    GROUP_RULE,
    SERVICE_PRINCIPAL,
    USER_RULE,
    FakeDirectory,
)
from tests.support.verifying import WAKE, disabled, log, ran, told
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user


async def joined(*users: str) -> World:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *users)
    await drain(world.context, WAKE)
    return world


@virtual
async def test_a_call_that_the_log_supports_is_confirmed_and_published() -> None:
    world = await joined(user(1))
    log(world, user(1), "create")

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED
    assert told(world) == ["succeeded", "confirmed"]


@virtual
async def test_many_calls_are_verified_by_one_read_of_the_log() -> None:
    names = [user(n) for n in range(60)]
    world = await joined(*names)
    for name in names:
        row = await world.row(ENGINEERING, name)
        log(world, name, "create", at=row.finished_at)

    await verify(world.context)

    assert len(world.directory.log_reads) == 1
    assert {(await world.row(ENGINEERING, name)).state for name in names} == {State.CONFIRMED}


@virtual
async def test_a_log_that_is_late_leaves_the_row_until_it_speaks() -> None:
    world = await joined(user(1))

    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    log(world, user(1), "create")
    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED


@virtual
async def test_a_log_that_stays_silent_for_a_day_is_not_asked_for_ever() -> None:
    world = await joined(user(1))
    await asyncio.sleep((PROOF_TIMEOUT + timedelta(minutes=1)).total_seconds())

    await verify(world.context)
    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.SUCCEEDED
    assert "could read no entry" in row.reason
    assert len(world.directory.log_reads) == 1


@virtual
async def test_a_grant_that_the_log_contradicts_has_failed_with_the_logged_reason() -> None:
    world = await joined(user(1))
    log(world, user(1), "create", "failure", code="LicenseLimitExceeded")

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.FAILED
    assert "LicenseLimitExceeded" in row.reason
    assert "licence" in row.next_action


class Unreadable(FakeDirectory):
    async def provisioning_log(
        self, job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        raise PermanentError("403", "grant AuditLog.Read.All")


@virtual
async def test_without_the_permission_to_read_the_log_answers_are_believed_and_it_is_said() -> None:
    world = World(directory=Unreadable(groups=[ENGINEERING]))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    assert world.results("log") == ["unreadable"]


FUNCTION_TIMEOUT = timedelta(minutes=10)
"""Of host.json."""


class Unanswered(FakeDirectory):
    """Of one job Graph tells nothing, or its log has so many pages that the timer ends first."""

    silent = "another"
    pages_take = timedelta()

    async def provisioning_log(
        self, job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        if job == self.silent:
            await asyncio.sleep(self.pages_take.total_seconds())
            raise TemporaryError("Graph did not answer", timedelta(seconds=5))
        return await super().provisioning_log(job, since, subjects)


@pytest.mark.parametrize(
    ("pages_take", "reason"),
    [(timedelta(), "did not answer"), (timedelta(minutes=15), "cannot read all")],
    ids=["no answer", "a long log"],
)
def test_a_target_whose_log_cannot_be_read_keeps_no_other_waiting(
    pages_take: timedelta, reason: str
) -> None:
    @virtual
    async def scenario() -> None:
        directory = Unanswered(groups=[ENGINEERING])
        directory.pages_take = pages_take
        world = World(directory=directory)
        await world.is_discovered()
        await discovered.save(world.store, found_of("ANOTHER", job=Unanswered.silent), over=None)
        await world.joined(ENGINEERING, user(1))
        await drain(world.context, WAKE)
        row = await world.row(ENGINEERING, user(1))
        await world.ledger.record([replace(row, target="ANOTHER")])
        log(world, user(1), "create")

        with pytest.raises(TemporaryError, match=reason):
            async with asyncio.timeout(FUNCTION_TIMEOUT.total_seconds()):
                await verify(world.context)

        assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED

    scenario()


@virtual
async def test_long_logs_of_one_day_delay_no_other_and_are_read_one_after_another() -> None:
    """Each read of them takes more than the two minutes that it gets first."""
    world = await joined(user(1))
    row, read, names = await world.row(ENGINEERING, user(1)), list[timedelta](), "ABCD"
    for name in names:
        await discovered.save(world.store, found_of(name, job=name), over=None)
        await world.ledger.record([replace(row, target=name)])
    log(world, user(1), "create")
    world.directory.log += [{**world.directory.log[0], "jobId": name} for name in names]
    asked_for, began = world.directory.provisioning_log, world.now()

    async def provisioning_log(
        job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        if job in names:
            await asyncio.sleep(150)
        read.append(world.now() - began)
        return await asked_for(job, since, subjects)

    with patch.object(world.directory, "provisioning_log", provisioning_log):
        for _ in range(5):
            began = world.now()
            await verify(world.context)
            assert world.now() - began < FUNCTION_TIMEOUT

    assert read[0] <= timedelta(minutes=2)
    rows = [await world.ledger.find(name, ENGINEERING, user(1)) for name in ("TOTAL", *names)]
    assert {one and one.state for one in rows} == {State.CONFIRMED}


@virtual
async def test_logs_of_many_targets_that_fill_more_than_one_run_are_all_read() -> None:
    world = await joined(user(1))
    row, names, read = await world.row(ENGINEERING, user(1)), list[str](), set[str]()
    for number in range(40):
        names.append(f"TARGET-{number:02}")
        await discovered.save(world.store, found_of(names[-1], job=names[-1]), over=None)
        await world.ledger.record([replace(row, target=names[-1])])
    asked_for = world.directory.provisioning_log

    async def provisioning_log(
        job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        await asyncio.sleep(100)
        read.add(job)
        return await asked_for(job, since, subjects)

    with patch.object(world.directory, "provisioning_log", provisioning_log):
        for _ in range(20):
            async with asyncio.timeout(FUNCTION_TIMEOUT.total_seconds()):
                await verify(world.context)

    assert read >= set(names)


@virtual
async def test_a_change_left_to_the_cycle_is_done_once_a_cycle_has_covered_it() -> None:
    world = await disabled()
    await asyncio.sleep(900)
    ran(world)
    log(world, user(1), "disable")

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE


def found_of(target: str, *, job: str) -> DiscoveredTarget:
    return DiscoveredTarget(
        target=target,
        service_principal=SERVICE_PRINCIPAL,
        job=job,
        user_rule=USER_RULE,
        group_rule=GROUP_RULE,
        groups=(ENGINEERING,),
    )

"""Verification of calls against the provisioning logs."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

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
    async def provisioning_log(self, job: str, since: datetime) -> ProvisioningLog:
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

    async def provisioning_log(self, job: str, since: datetime) -> ProvisioningLog:
        if job == self.silent:
            await asyncio.sleep(self.pages_take.total_seconds())
            raise TemporaryError("Graph did not answer", timedelta(seconds=5))
        return await super().provisioning_log(job, since)


@pytest.mark.parametrize(
    ("pages_take", "ends"),
    [(timedelta(), TemporaryError), (timedelta(minutes=15), TimeoutError)],
    ids=["no answer", "a long log"],
)
def test_a_target_whose_log_cannot_be_read_keeps_no_other_waiting(
    pages_take: timedelta, ends: type[Exception]
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

        with pytest.raises(ends):
            async with asyncio.timeout(FUNCTION_TIMEOUT.total_seconds()):
                await verify(world.context)

        assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED

    scenario()


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

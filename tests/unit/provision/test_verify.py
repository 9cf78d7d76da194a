"""Answers against the provisioning log, and plans against what the cycle did."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import State
from hasten.domain.proof import PROOF_TIMEOUT
from hasten.domain.verdicts import Answer
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING, PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.provision.verify import MOST_RETRIES, verify
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from tests.fakes.directory import (
    GROUP_RULE,
    JOB,
    SERVICE_PRINCIPAL,
    USER_RULE,
    FakeDirectory,
    answer,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


async def joined(*users: str) -> World:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *users)
    await drain(world.context, WAKE)
    return world


async def left(name: str) -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, name)
    await world.left(ENGINEERING, name)
    await drain(world.context, WAKE)
    return world


def log(world: World, name: str, action: str, status: str = "success", code: str = "") -> None:
    error = {"errorCode": code, "reason": "the app said no"} if code else None
    entry: dict[str, Any] = {
        "jobId": JOB,
        "activityDateTime": now().isoformat(),
        "provisioningAction": action,
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
        "sourceIdentity": {"id": name},
    }
    world.directory.log.append(entry)


def disabled_answer(*, active: bool) -> Answer:
    """Entra skips a user who is disabled in the directory; the matching step shows the account."""
    matched = {"type": "Matching", "status": "Success", "details": {"active": str(active)}}
    scoped = {"type": "Scoping", "status": "Skipped", "details": {"IsActive": "False"}}
    details = {"errorCode": "NotEffectivelyEntitled"}
    value = {"action": "Other", "provisioningSteps": [matched, scoped]}
    key = json.dumps({"result": "Skipped", "details": details})
    return Answer(200, json.dumps({"key": key, "value": json.dumps(value)}).encode())


def told(world: World) -> list[str]:
    return [m.body["data"]["result"] for m in world.bus.of(PROVISIONING_OUTCOMES)]


@virtual
async def test_a_call_that_the_log_bears_out_is_confirmed_and_told() -> None:
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
        log(world, name, "create")

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
    assert "said nothing" in row.reason
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


@virtual
async def test_a_revocation_that_did_not_take_is_called_again() -> None:
    world = await left(user(1))
    log(world, user(1), "disable", "failure", code="Timeout")

    await verify(world.context)
    await asyncio.sleep(60)
    await drain(world.context, WAKE)
    log(world, user(1), "disable")
    await verify(world.context)

    assert len(world.directory.calls) == 2
    assert world.bus.of(PROVISIONING)
    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED


@virtual
async def test_a_revocation_that_an_outage_held_up_is_called_again_too_when_it_did_not_take() -> (
    None
):
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.answers = lambda _: answer(status=503)
    await world.left(ENGINEERING, user(1))
    for _ in range(MOST_RETRIES):
        await drain(world.context, WAKE)
        await asyncio.sleep(300)
    world.directory.answers = None
    await drain(world.context, WAKE)
    log(world, user(1), "disable", "failure", code="Timeout")

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.WAITING


@virtual
async def test_a_revocation_that_never_takes_ends_in_an_alert() -> None:
    world = await left(user(1))

    for _ in range(MOST_RETRIES + 1):
        log(world, user(1), "disable", "failure", code="Timeout")
        await verify(world.context)
        await asyncio.sleep(300)
        await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).state is State.FAILED
    assert "revocation_not_taken" in told(world)
    assert len(world.directory.calls) == MOST_RETRIES + 1


class Unreadable(FakeDirectory):
    async def provisioning_log(self, job: str, since: datetime) -> list[Json]:
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


class Unanswered(FakeDirectory):
    """Of one job Graph tells nothing."""

    silent = "another"

    async def provisioning_log(self, job: str, since: datetime) -> Sequence[Json]:
        if job == self.silent:
            raise TemporaryError("Graph did not answer", timedelta(seconds=5))
        return await super().provisioning_log(job, since)


@virtual
async def test_a_target_whose_log_does_not_answer_keeps_no_other_waiting() -> None:
    world = World(directory=Unanswered(groups=[ENGINEERING]))
    await world.is_discovered()
    await discovered.save(world.store, found_of("ANOTHER", job=Unanswered.silent))
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.record([replace(row, target="ANOTHER")])
    log(world, user(1), "create")

    with pytest.raises(TemporaryError):
        await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED


@virtual
async def test_what_was_left_to_the_cycle_is_done_by_it_once_a_cycle_has_covered_it() -> None:
    world = await disabled()
    await asyncio.sleep(600)
    ran(world)
    log(world, user(1), "disable")

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE


@pytest.mark.parametrize(("active", "state"), [(False, State.IN_SYNC), (True, State.LEFT_TO_CYCLE)])
def test_a_call_asks_when_a_cycle_ran_and_the_log_does_not_show_the_revocation(
    active: bool,  # noqa: FBT001 - a case
    state: State,
) -> None:
    @virtual
    async def run() -> None:
        world = await disabled()
        world.directory.answers = lambda _: disabled_answer(active=active)
        await asyncio.sleep(600)
        ran(world)

        await verify(world.context)
        assert (await world.row(ENGINEERING, user(1))).state is State.PENDING
        await drain(world.context, WAKE)

        assert (await world.row(ENGINEERING, user(1))).state is state
        assert [call.group for call in world.directory.calls] == [None]

    run()


@virtual
async def test_of_somebody_deleted_nothing_is_claimed_when_the_log_shows_nothing() -> None:
    world = await disabled()
    world.directory.assigned.pop(user(1))
    await asyncio.sleep(600)
    ran(world)

    await verify(world.context)
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, False)
    assert "nothing shows" in row.reason
    assert world.directory.calls == []


@virtual
async def test_a_revocation_that_the_cycle_does_not_do_in_time_is_taken_back_with_an_alert() -> (
    None
):
    world = await disabled()
    row = await world.row(ENGINEERING, user(1))
    assert row.expected_at is not None
    await asyncio.sleep((row.expected_at - now() + timedelta(hours=1)).total_seconds())

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.PENDING
    assert "revocation_overdue" in told(world)


async def disabled() -> World:
    """A leaver who is disabled in Entra: out of reach on demand."""
    world = World()
    await world.is_discovered()
    ran(world)
    world.directory.join(ENGINEERING, user(1))
    world.directory.disabled.add(user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.LEFT_TO_CYCLE
    return world


def found_of(target: str, *, job: str) -> DiscoveredTarget:
    return DiscoveredTarget(
        target=target,
        service_principal=SERVICE_PRINCIPAL,
        job=job,
        user_rule=USER_RULE,
        group_rule=GROUP_RULE,
        groups=(ENGINEERING,),
    )


def ran(world: World) -> None:
    execution = {"timeBegan": now().isoformat(), "timeEnded": now().isoformat()}
    status = {"code": "Active", "lastExecution": execution, "lastSuccessfulExecution": execution}
    world.directory.job_list = [{"id": JOB, "status": status}]

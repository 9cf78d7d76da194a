"""People who wait too long for Entra's own cycle, and a job whose cycle does not run."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from hasten.domain.changes import DISCARDED, Change, State
from hasten.domain.row_states import finished, left_to_cycle
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.limits import LOG_SETTLED_AFTER
from hasten.operate.cycle_waits import MAX_CYCLE_WAIT, problems
from hasten.provision.verify import verify
from hasten.watch.sweep import sweep
from tests.fakes.directory import JOB
from tests.support.verifying import ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user


async def left_behind(*users: str) -> World:
    world = World()
    await world.is_discovered()
    world.directory.job_list = [{"id": JOB, "status": {"code": "Paused"}}]
    await world.joined(ENGINEERING, *users)
    rows = [await world.row(ENGINEERING, one) for one in users]
    soon = now() + timedelta(minutes=40)

    def left(row: Change) -> Change:
        return left_to_cycle(row, now=now(), reason="busy", next_action="", expected_at=soon)

    await world.ledger.move(rows, left)
    return world


@virtual
async def test_whoever_waits_longer_than_an_hour_is_counted_by_the_verify_timer() -> None:
    world = await left_behind(user(1), user(2))
    await verify(world.context)
    assert world.results("cycle") == []

    await asyncio.sleep(MAX_CYCLE_WAIT.total_seconds() + 1)
    await verify(world.context)

    [event] = [event for event in world.events if event.name == "cycle"]
    assert (event.result, event.problem) == ("overdue", True)
    assert (event.fields["people"], event.fields["oldest"]) == (
        2,
        MAX_CYCLE_WAIT.total_seconds() + 1,
    )


@virtual
async def test_whoever_waits_only_for_the_log_of_a_cycle_that_has_just_ended_is_not_late() -> None:
    world = await left_behind(user(1))
    await asyncio.sleep(timedelta(hours=1).total_seconds())
    ran(world, ago=timedelta(0))

    await asyncio.sleep((LOG_SETTLED_AFTER - timedelta(seconds=1)).total_seconds())
    await verify(world.context)

    assert world.results("cycle") == []
    assert (await world.row(ENGINEERING, user(1))).needs_proof


@virtual
async def test_what_an_operator_discarded_waits_for_nobody() -> None:
    world = await left_behind(user(1))
    row = await world.row(ENGINEERING, user(1))
    discarded = finished(row, State.LEFT_TO_CYCLE, now=now(), reason=DISCARDED)

    assert problems([discarded], now() + timedelta(days=1)) == []
    assert len(problems([row], now() + timedelta(days=1))) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"code": "Paused"}, "is paused"),
        ({"code": "Quarantine", "quarantine": {"reason": "EncounteredBaseEscrow"}}, "quarantine"),
        ({"code": "NotConfigured"}, "not configured"),
    ],
)
@virtual
async def test_a_job_that_does_not_run_is_reported_at_each_sweep(status: Json, reason: str) -> None:
    world = World()
    world.directory.job_list = [{"id": JOB, "status": status}]

    await sweep(world.context)
    await sweep(world.context)

    said = [event for event in world.events if event.name == "job"]
    assert [event.result for event in said] == ["not_running"] * 2
    assert all(event.problem and reason in str(event.fields["reason"]) for event in said)
    assert all(event.fields["next_action"] for event in said)


BUSY = TemporaryError("the service is busy", timedelta(seconds=5))
REFUSED = PermanentError("the service refuses", "allow it")


@pytest.mark.parametrize("error", [BUSY, REFUSED], ids=["busy", "refused"])
@pytest.mark.parametrize(
    "part", ["directory.assignments", "directory.membership_start", "store.commit"]
)
def test_a_job_that_does_not_run_is_reported_although_the_rest_of_the_sweep_fails(
    part: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    @virtual
    async def run() -> None:
        async def fails(*_: object, **__: object) -> None:
            raise error

        world = World()
        world.directory.job_list = [{"id": JOB, "status": {"code": "Paused"}}]
        owner, name = part.split(".")
        monkeypatch.setattr(getattr(world, owner), name, fails)

        with suppress(PermanentError, TemporaryError):
            await sweep(world.context)

        assert world.results("job") == ["not_running"]
        assert "found" not in world.results("target")

    run()


@virtual
async def test_a_job_that_runs_is_not_worth_an_event() -> None:
    world = World()
    world.directory.job_list = [{"id": JOB, "status": {"code": "Active"}}]

    await sweep(world.context)

    assert world.results("job") == []

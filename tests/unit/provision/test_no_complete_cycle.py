"""No cycle counts as complete: for weeks, the job has a few objects that Entra cannot provision, or
it is paused."""

import asyncio

import pytest

from hasten.domain.changes import State
from hasten.domain.outcomes import NOT_TAKEN, OVERDUE
from hasten.domain.verdicts import CANNOT_ACT
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.verify import verify
from tests.fakes.directory import JOB
from tests.support.verifying import WAKE, disabled_answer, told
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user


def has_errors(world: World, code: str = "Active") -> None:
    """The last cycle has just ended with errors of three objects."""
    at = now().isoformat()
    last = {"timeBegan": at, "timeEnded": at, "state": "EntryLevelErrors", "countEscrowed": 3}
    world.directory.job_list = [{"id": JOB, "status": {"code": code, "lastExecution": last}}]


async def hours_pass(world: World, code: str = "Active") -> None:
    for _ in range(5 * MOST_RETRIES):
        has_errors(world, code)
        await drain(world.context, WAKE)
        await asyncio.sleep(3_600)
        await verify(world.context)


@pytest.mark.parametrize("code", ["Active", "Paused"])
@virtual
async def test_a_joiner_who_is_disabled_costs_a_few_calls(code: str) -> None:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: disabled_answer(active=None)
    await world.joined(ENGINEERING, user(1))

    await hours_pass(world, code)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, False)
    assert CANNOT_ACT in row.reason
    assert len(world.directory.calls) == MOST_RETRIES + 1
    assert told(world) == [State.LEFT_TO_CYCLE] * (MOST_RETRIES + 1)


@virtual
async def test_of_a_leaver_who_keeps_another_assignment_nobody_is_told_to_disable_the_account() -> (
    None
):
    world = World()
    await world.is_discovered()
    world.directory.join(ADMIN, user(1))
    world.directory.join(ENGINEERING, user(1))
    await world.left(ENGINEERING, user(1))

    await hours_pass(world)

    assert (await world.row(ENGINEERING, user(1))).state is State.FAILED
    outcomes = [message.body["data"] for message in world.bus.of(PROVISIONING_OUTCOMES)]
    alerts = {one["result"]: one["nextAction"] for one in outcomes}
    for alert in (OVERDUE, NOT_TAKEN):
        assert "group" in alerts[alert]
        assert "account" not in alerts[alert]

"""A joiner whose row is open when a cycle ends: the provisioning log says what the cycle did."""

import asyncio

import pytest

from hasten.domain.changes import State
from hasten.domain.connector_errors import NOT_EFFECTIVELY_ENTITLED
from hasten.domain.verdicts import Answer
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.verify import verify
from hasten.targets import Mode, Target
from tests.fakes.directory import JOB
from tests.support.verifying import WAKE, ran, told
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user
from tests.unit.provision.cycles import after_a_cycle, doubted, logged


async def covered(mode: Mode = Mode.ACT) -> World:
    """A joiner whose row is still open when a cycle has ended that could see the change."""
    world = World(Target(name=TOTAL, display_name=TOTAL, mode=mode))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await asyncio.sleep(900)
    ran(world)
    return world


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("skipped", "AttributeValidationFailed", State.FAILED),
        ("failed", "Conflict", State.FAILED),
        ("skipped", "RedundantExport", State.DONE_BY_CYCLE),
        ("success", "", State.DONE_BY_CYCLE),
        ("", "", State.DONE_BY_CYCLE),
    ],
)
def test_an_open_grant_is_done_by_a_cycle_only_after_the_log_has_been_read(
    mode: Mode, status: str, code: str, state: State
) -> None:
    @virtual
    async def scenario() -> None:
        world = await covered(mode)
        if status:
            logged(world, status, code, action="update")
        await drain(world.context, WAKE)
        await drain(world.context, WAKE)  # in observe mode the first one holds the row
        assert State.DONE_BY_CYCLE not in told(world)

        await verify(world.context)

        row = await world.row(ENGINEERING, user(1))
        assert (row.state, row.needs_proof) == (state, False)
        assert world.directory.calls == []

    scenario()


@pytest.mark.parametrize("kind", [NOT_EFFECTIVELY_ENTITLED, "inactive", "disabled", "Timeout"])
def test_an_open_grant_that_the_cycle_did_not_give_is_called_alone(kind: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await covered()
        if kind == "Timeout":
            logged(world, "failure", kind)
        await doubted(world, kind)
        await drain(world.context, WAKE)

        await verify(world.context)
        await drain(world.context, WAKE)

        assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
        assert [call.users for call in world.directory.calls] == [(user(1),)]

    scenario()


@pytest.mark.parametrize("mode", Mode)
def test_a_held_grant_that_the_cycle_did_not_give_is_not_called_before_it_is_released(
    mode: Mode,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await covered(Mode.OBSERVE)
        await doubted(world, NOT_EFFECTIVELY_ENTITLED)
        await drain(world.context, WAKE)
        world.target = Target(name=TOTAL, display_name=TOTAL, mode=mode)
        await drain(world.context, WAKE)

        await verify(world.context)
        await drain(world.context, WAKE)

        row = await world.row(ENGINEERING, user(1))
        assert (row.state, row.needs_proof, row.released) == (State.LEFT_TO_CYCLE, False, False)
        assert world.directory.calls == []

    scenario()


@virtual
async def test_nor_is_it_while_nobody_can_read_whether_a_cycle_has_run() -> None:
    world = await covered(Mode.OBSERVE)
    await drain(world.context, WAKE)
    world.target = Target(name=TOTAL, display_name=TOTAL, mode=Mode.ACT)
    await drain(world.context, WAKE)
    world.directory.job_list = [{"id": JOB, "status": {"code": "Active"}}]
    for hours, is_watched in ((2, True), (24, False)):
        await asyncio.sleep(hours * 3600)
        await verify(world.context)
        await drain(world.context, WAKE)

        row = await world.row(ENGINEERING, user(1))
        assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, is_watched)
    assert world.directory.calls == []


@virtual
async def test_cycles_that_never_give_an_open_grant_cost_a_few_calls_and_no_claim() -> None:
    world = await covered()
    world.directory.answers = lambda _: Answer(503, b"{}")
    for _ in range(2 * MOST_RETRIES + 1):
        await doubted(world, NOT_EFFECTIVELY_ENTITLED)
        await drain(world.context, WAKE)
        await after_a_cycle(world)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, False)
    assert "the log shows" in row.reason
    assert len(world.directory.calls) == MOST_RETRIES

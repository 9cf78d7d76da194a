"""A completed cycle is no proof of a grant for a user of whom the log shows a skip, a failure or an
inactive account."""

import asyncio
import json
from typing import Any, cast

import pytest

from hasten.domain.changes import Change, State
from hasten.domain.connector_errors import NEXT_ACTIONS, NOT_EFFECTIVELY_ENTITLED
from hasten.domain.verdicts import Answer
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.verify import verify
from hasten.targets import Mode, Target
from tests.fakes.directory import JOB
from tests.support.verifying import WAKE, log, ran, told
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

MATCHED_INACTIVE = {
    "provisioningStepType": "matching",
    "status": "success",
    "details": {"active": "False"},
}


async def joined() -> World:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    return world


def logged(world: World, status: str, code: str = "", *, action: str = "other") -> dict[str, Any]:
    log(world, user(1), action, status, code)
    return cast("dict[str, Any]", world.directory.log[-1])


async def after_a_cycle(world: World) -> Change:
    await asyncio.sleep(600)
    ran(world)
    await verify(world.context)
    return await world.row(ENGINEERING, user(1))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("skipped", "AttributeValidationFailed"),
        ("Skipped ", "MandatoryFieldsMissing"),
        ("skipped", "SomethingNew"),
        ("failed", "Conflict"),
        ("FAILURE", "somethingNew"),
    ],
)
def test_a_skip_for_another_reason_is_a_failure_of_that_code(status: str, code: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await joined()
        logged(world, status, code)

        row = await after_a_cycle(world)

        assert row.state is State.FAILED
        assert code in row.reason
        assert row.next_action == NEXT_ACTIONS.get(code, "")

    scenario()


@virtual
async def test_a_failure_without_a_code_says_that_it_has_no_reason() -> None:
    world = await joined()
    logged(world, "failure")

    assert (await after_a_cycle(world)).reason == "the log gives no reason"


async def doubted(world: World, kind: str) -> None:
    match kind:
        case "inactive":
            logged(world, "skipped", "RedundantExport")["provisioningSteps"] = [MATCHED_INACTIVE]
        case "disabled":
            logged(world, "success", action="disable")
        case _:
            logged(world, "skipped", kind)


@pytest.mark.parametrize("kind", [NOT_EFFECTIVELY_ENTITLED, "inactive", "disabled", ""])
def test_a_user_who_stays_skipped_is_called_alone_a_few_times_and_then_has_failed(
    kind: str,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await joined()
        for _ in range(MOST_RETRIES):
            await doubted(world, kind)
            row = await after_a_cycle(world)
            assert (row.state, row.alone) == (State.PENDING, True)
            await drain(world.context, WAKE)
        await doubted(world, kind)

        row = await after_a_cycle(world)

        assert (row.state, len(world.directory.calls)) == (State.FAILED, 1 + MOST_RETRIES)
        assert "the log shows" in row.reason

    scenario()


@virtual
async def test_a_skip_as_in_sync_that_shows_no_account_costs_no_call_and_claims_nothing() -> None:
    world = await joined()
    logged(world, "skipped", "RedundantExport")

    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).needs_proof

    row = await after_a_cycle(world)

    assert (row.state, row.needs_proof) == (State.SUCCEEDED, False)
    assert "RedundantExport" in row.reason
    assert len(world.directory.calls) == 1


@pytest.mark.parametrize("kind", [NOT_EFFECTIVELY_ENTITLED, "RedundantExport", "inactive"])
def test_a_skip_that_the_log_shows_undone_is_no_doubt(kind: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await joined()
        await doubted(world, kind)
        await asyncio.sleep(60)
        logged(world, "success", action="update")

        assert (await after_a_cycle(world)).state is State.DONE_BY_CYCLE

    scenario()


@virtual
async def test_a_failure_is_not_undone_by_a_later_skip() -> None:
    world = await joined()
    logged(world, "failure", "Conflict")
    await asyncio.sleep(60)
    logged(world, "skipped", "RedundantExport")

    assert (await after_a_cycle(world)).state is State.FAILED


SKIPPED = {"type": "Scoping", "status": "Skipped", "details": {"IsActive": "False"}}
KEY = {"result": "Skipped", "details": {"errorCode": NOT_EFFECTIVELY_ENTITLED}}
DISABLED = Answer(
    200, json.dumps({"key": KEY, "value": [{"provisioningSteps": [SKIPPED]}]}).encode()
)


async def left_to_cycle() -> World:
    """A joiner on whom on-demand provisioning cannot act."""
    world = World()
    await world.is_discovered()
    ran(world)
    world.directory.answers = lambda _: DISABLED
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)
    return world


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("skipped", "AttributeValidationFailed", State.FAILED),
        ("failed", "Conflict", State.FAILED),
        ("skipped", NOT_EFFECTIVELY_ENTITLED, State.LEFT_TO_CYCLE),
        ("failure", "Timeout", State.LEFT_TO_CYCLE),
        ("skipped", "RedundantExport", State.DONE_BY_CYCLE),
        ("success", "", State.DONE_BY_CYCLE),
    ],
)
def test_a_grant_left_to_the_cycle_is_not_done_by_one_that_skipped_or_failed_it(
    status: str, code: str, state: State
) -> None:
    @virtual
    async def scenario() -> None:
        world = await left_to_cycle()
        await asyncio.sleep(600)
        logged(world, status, code, action="update")

        row = await after_a_cycle(world)

        assert (row.state, row.needs_proof) == (state, False)
        assert len(world.directory.calls) == 1

    scenario()


async def covered(mode: Mode = Mode.ACT) -> World:
    """A joiner whose row is still open when a cycle has ended that could see the change."""
    world = World(Target(name=TOTAL, display_name=TOTAL, mode=mode))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await asyncio.sleep(600)
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
async def test_nor_while_nobody_can_read_whether_a_cycle_has_run() -> None:
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

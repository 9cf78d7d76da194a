"""A completed cycle is no proof of a grant for a user of whom the log shows a skip, a failure or an
inactive account."""

import asyncio
import json

import pytest

from hasten.domain.changes import State
from hasten.domain.connector_errors import NEXT_ACTIONS, NOT_EFFECTIVELY_ENTITLED
from hasten.domain.verdicts import Answer
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.verify import verify
from tests.support.verifying import WAKE, ran
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user
from tests.unit.provision.cycles import after_a_cycle, doubted, logged


async def joined() -> World:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    return world


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
        await asyncio.sleep(900)
        logged(world, status, code, action="update")

        row = await after_a_cycle(world)

        assert (row.state, row.needs_proof) == (state, False)
        assert len(world.directory.calls) == 1

    scenario()

"""Verification of revocations."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Cause, State
from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL
from hasten.domain.removal_settlement import NOTHING_SHOWN_AFTER_CYCLE
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES, OVERDUE_AFTER
from hasten.provision.verify import verify
from hasten.watch.admit import restart
from tests.fakes.directory import (
    answer,
)
from tests.support.verifying import WAKE, disabled, disabled_answer, log, ran, told
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user


async def left(name: str) -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, name)
    await world.left(ENGINEERING, name)
    await drain(world.context, WAKE)
    return world


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


@pytest.mark.parametrize(("active", "state"), [(False, State.IN_SYNC), (True, State.LEFT_TO_CYCLE)])
def test_a_call_asks_when_a_cycle_ran_and_the_log_does_not_show_the_revocation(
    active: bool,  # noqa: FBT001 - a case
    state: State,
) -> None:
    @virtual
    async def run() -> None:
        world = await disabled()
        world.directory.answers = lambda _: disabled_answer(active=active)
        await asyncio.sleep(900)
        ran(world)

        await verify(world.context)
        row = await world.row(ENGINEERING, user(1))
        assert (row.state, row.reason) == (State.PENDING, NOTHING_SHOWN_AFTER_CYCLE)
        await drain(world.context, WAKE)

        assert (await world.row(ENGINEERING, user(1))).state is state
        assert [call.group for call in world.directory.calls] == [None]

    run()


@pytest.mark.parametrize("reason", [NOTHING_SHOWN_AFTER_CYCLE, "the app shows no account"])
def test_a_deleted_user_has_no_verdict_while_the_log_shows_nothing(reason: str) -> None:
    """A try in the app, or any other wait, gives the row another reason in between."""

    @virtual
    async def run() -> None:
        world = await disabled()
        world.directory.assigned.pop(user(1))
        await asyncio.sleep(900)
        ran(world)

        await verify(world.context)
        row = await world.row(ENGINEERING, user(1))
        await world.ledger.move([row], lambda row: replace(row, reason=reason))
        await drain(world.context, WAKE)

        row = await world.row(ENGINEERING, user(1))
        assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, False)
        assert "nothing shows" in row.reason
        assert told(world).count("revocation_unproven") == 1
        assert world.directory.calls == []

    run()


@virtual
async def test_a_deleted_user_is_watched_while_no_cycle_has_run_since() -> None:
    world = await disabled()
    world.directory.assigned.pop(user(1))
    await asyncio.sleep((DEFAULT_CYCLE_INTERVAL * 2 + OVERDUE_AFTER).total_seconds())

    await verify(world.context)
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)
    assert "nothing shows" not in row.reason
    assert "revocation_overdue" in told(world)
    await asyncio.sleep(900)
    ran(world)
    log(world, user(1), "disable")
    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE


@virtual
async def test_whoever_is_deleted_once_the_log_contradicted_the_removal_is_watched() -> None:
    """The cycle that has run began before the user was deleted."""
    world = await left(user(1))
    await asyncio.sleep(900)
    ran(world)
    log(world, user(1), "create")
    await verify(world.context)
    world.directory.assigned.pop(user(1))
    await asyncio.sleep(300)
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)
    assert "revocation_unproven" not in told(world)
    await asyncio.sleep(900)
    ran(world)
    log(world, user(1), "disable")
    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.DONE_BY_CYCLE


@virtual
async def test_a_removal_that_is_called_again_after_a_cycle_waits_for_the_next_one() -> None:
    """An event asks for it when the user is deleted, and no cycle runs in time."""
    world = await disabled()
    world.directory.assigned.pop(user(1))
    await asyncio.sleep(900)
    ran(world)
    row = await world.row(ENGINEERING, user(1))
    failed = replace(row, state=State.FAILED, contradicted=MOST_RETRIES, cycle_showed_nothing=True)
    [row] = await world.ledger.move([row], lambda _: failed)
    await restart(world.context, [row], Cause("/hr", "1"))
    await drain(world.context, WAKE)
    await asyncio.sleep((DEFAULT_CYCLE_INTERVAL * 2 + OVERDUE_AFTER).total_seconds())

    await verify(world.context)
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)
    assert "revocation_overdue" in told(world)


@virtual
async def test_a_deleted_user_for_whom_no_cycle_ever_runs_ends_in_an_alert() -> None:
    world = await disabled()
    world.directory.assigned.pop(user(1))

    for _ in range(MOST_RETRIES + 1):
        await asyncio.sleep((DEFAULT_CYCLE_INTERVAL * 2 + OVERDUE_AFTER).total_seconds())
        await verify(world.context)
        await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).state is State.FAILED
    assert told(world)[-1] == "revocation_not_taken"
    assert world.directory.calls == []


@virtual
async def test_a_leaver_whom_the_log_shows_added_again_is_called_again_without_an_alert() -> None:
    """Nothing is overdue yet: the cycle may have begun before it could see the change."""
    world = await disabled()
    row = await world.row(ENGINEERING, user(1))
    kept = replace(row, keeps_assignment=True)
    assert await world.ledger.move([row], lambda _: kept)
    await asyncio.sleep(60)
    log(world, ENGINEERING, "update")
    added = {"displayName": "members", "oldValue": None, "newValue": user(1)}
    world.directory.log[-1] = {**world.directory.log[-1], "modifiedProperties": [added]}

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.alone) == (State.PENDING, True)
    assert "revocation_overdue" not in told(world)


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


@virtual
async def test_a_revocation_that_no_cycle_shows_fails_without_a_claim_about_the_cycle() -> None:
    world = await disabled()
    world.directory.answers = lambda _: disabled_answer(active=None)

    for _ in range(MOST_RETRIES + 1):
        await asyncio.sleep(2400)
        ran(world)
        await verify(world.context)
        await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.reason) == (State.FAILED, NOTHING_SHOWN_AFTER_CYCLE)
    assert "revocation_not_taken" in told(world)

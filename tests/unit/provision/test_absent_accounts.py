"""A revocation that ended because the app had no account is still compared with the log, in which
no entry may lie ahead."""

import asyncio
import json
from datetime import timedelta

import pytest

from hasten.domain.account import Account
from hasten.domain.changes import State
from hasten.domain.cycle import ENTRA_CLOCK_SKEW
from hasten.domain.proof import PROOF_TIMEOUT
from hasten.domain.removal_settlement import REASON_BY_ACCOUNT
from hasten.domain.verdicts import Answer
from hasten.provision.drain import drain
from hasten.provision.log_proof import LIES_AHEAD
from hasten.provision.verify import verify
from hasten.telemetry.provision import LogEntriesUnread
from tests.fakes.directory import answer
from tests.support.verifying import WAKE, log, ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user

MATCHED_NOBODY = {"type": "Matching", "status": "Success", "details": {}}
KEY = {"result": "Skipped", "details": {"errorCode": "RedundantExport"}}
ABSENT = Answer(
    200,
    json.dumps({"key": KEY, "value": [{"provisioningSteps": [MATCHED_NOBODY]}]}).encode(),
)


async def left(said: Answer) -> World:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.answers = lambda _: said
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    await asyncio.sleep(30)
    await drain(world.context, WAKE)
    return world


async def state(world: World) -> State:
    return (await world.row(ENGINEERING, user(1))).state


@virtual
async def test_a_log_that_shows_the_account_has_it_called_for_again() -> None:
    world = await left(ABSENT)
    assert await state(world) is State.IN_SYNC
    log(world, user(1), "enable")

    await verify(world.context)

    assert await state(world) is State.WAITING


@virtual
async def test_a_silent_log_leaves_the_end_as_it_is_and_is_not_asked_for_ever() -> None:
    world = await left(ABSENT)
    await asyncio.sleep((PROOF_TIMEOUT + timedelta(minutes=1)).total_seconds())

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.IN_SYNC, False)
    assert row.reason == REASON_BY_ACCOUNT[Account.ABSENT]


@virtual
async def test_a_cycle_without_a_contradiction_ends_the_comparison_with_the_log() -> None:
    world = await left(ABSENT)
    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).needs_proof
    await asyncio.sleep(900)
    ran(world)

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.IN_SYNC, False)
    assert row.reason == REASON_BY_ACCOUNT[Account.ABSENT]


@virtual
async def test_an_inactive_account_needs_no_more_proof() -> None:
    world = await left(answer("Skipped", "RedundantExport", active=False))

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.IN_SYNC, False)


TOOK = answer(action="Disable")


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(days=1), timedelta(days=36500)])
def test_an_entry_that_lies_ahead_proves_nothing_and_is_named(ahead: timedelta) -> None:
    @virtual
    async def scenario() -> None:
        world = await left(TOOK)
        log(world, user(1), "disable", at=now() + ENTRA_CLOCK_SKEW + ahead)

        await verify(world.context)

        assert await state(world) is State.SUCCEEDED
        [unread] = [e for e in world.events if isinstance(e, LogEntriesUnread)]
        assert (unread.subjects, unread.reason) == ([user(1)], LIES_AHEAD)

    scenario()


@virtual
async def test_a_clock_that_is_a_little_ahead_does_not_count() -> None:
    world = await left(TOOK)
    log(world, user(1), "disable", at=now() + ENTRA_CLOCK_SKEW)

    await verify(world.context)

    assert await state(world) is State.CONFIRMED


@virtual
async def test_an_entry_that_lies_ahead_may_show_the_account_given_again() -> None:
    world = await left(TOOK)
    log(world, user(1), "disable")
    log(world, user(1), "enable", at=now() + timedelta(days=1))

    await verify(world.context)

    assert await state(world) is State.SUCCEEDED

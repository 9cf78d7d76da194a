"""A leaver whose account something else has disabled: the log or the app ends the removal, and the
account may still be in the group when it becomes active again."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from hasten.domain.changes import DISCARDED, State
from hasten.domain.verdicts import Answer
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.directory_values import ProvisioningLog
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records import kept_memberships
from tests.fakes.directory import OnDemand, answer
from tests.support.kept_memberships import called
from tests.support.kept_memberships import disabled as disabled_by_call
from tests.support.racing_store import Racing
from tests.support.verifying import WAKE, disabled, log, ran
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

LEAVER = user(1)
LATER = timedelta(minutes=10)


async def proven() -> World:
    """A leaver who was disabled in Entra ID, which Entra's log shows."""
    world = await disabled()
    await asyncio.sleep(LATER.total_seconds())
    log(world, LEAVER, "disable")
    await verify(world.context)
    assert (await world.row(ENGINEERING, LEAVER)).state is State.DONE_BY_CYCLE
    return world


async def unnoted(world: World) -> None:
    """The row was left by a version of Hasten that noted nothing then."""
    kept = await kept_memberships.find(world.store, TOTAL, LEAVER)
    assert kept is not None
    await kept_memberships.remove(world.store, kept)


async def returns(world: World) -> None:
    """The account is enabled, and its user joins another group."""
    world.directory.disabled.clear()
    await world.joined(ADMIN, LEAVER, origin=3)
    for _ in range(2):
        await drain(world.context, WAKE)
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())


@virtual
async def test_a_removal_that_the_log_ended_is_called_when_the_account_is_active_again() -> None:
    world = await proven()

    await returns(world)

    assert [call.group for call in world.directory.calls][-2:] == [ADMIN, ENGINEERING]
    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)


@pytest.mark.parametrize("result", ["", "UnableToFindGroup", "ServerError"])
@pytest.mark.parametrize("is_between", [True, False])
@virtual
async def test_what_the_log_showed_before_a_grant_does_not_end_a_membership_that_it_revived(
    result: str, *, is_between: bool
) -> None:
    """The log shows the grant later. It may be answered while `verify` reads the log."""
    world = await disabled()
    await asyncio.sleep(LATER.total_seconds())
    log(world, LEAVER, "disable")
    read = world.directory.provisioning_log
    if result:
        failing = iter([answer("Failure", result)])
        world.directory.answers = lambda _: next(failing, answer())

    async def read_and_grant(
        job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        shown = await read(job, since, subjects)
        await returns(world)
        return shown

    if is_between:
        vars(world.directory)["provisioning_log"] = read_and_grant
    else:
        await returns(world)
    await verify(world.context)

    assert ENGINEERING in [call.group for call in world.directory.calls]
    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)


@virtual
async def test_a_membership_is_returned_to_although_its_row_is_proven_at_that_moment() -> None:
    store = Racing()
    world = await disabled_by_call(ENGINEERING, store=store)
    log(world, LEAVER, "disable")

    def granted(call: OnDemand) -> Answer:
        if call.group == ADMIN:
            store.meanwhile = partial(verify, world.context)
        return answer()

    world.directory.answers = granted
    await returns(world)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.LEFT_TO_CYCLE
    assert called(world) == [ADMIN, ENGINEERING]


@virtual
async def test_a_cycle_since_then_has_ended_the_membership() -> None:
    world = await proven()
    await asyncio.sleep(900)
    ran(world)

    await returns(world)

    assert ENGINEERING not in [call.group for call in world.directory.calls]
    assert (await world.row(ENGINEERING, LEAVER)).state is State.DONE_BY_CYCLE


@virtual
async def test_a_membership_that_the_log_shows_ended_is_not_recorded() -> None:
    world = await disabled()
    await unnoted(world)
    row = await world.row(ENGINEERING, LEAVER)
    await world.ledger.move([row], lambda known: replace(known, keeps_assignment=True))
    log(world, LEAVER, "delete")

    await verify(world.context)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.DONE_BY_CYCLE
    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is None


@virtual
async def test_a_call_on_the_group_that_failed_is_not_proven_by_an_account_that_is_disabled() -> (
    None
):
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.directory.join(ADMIN, LEAVER)
    world.directory.answers = lambda _: answer("Failure", "InsufficientRights")
    await world.left(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    assert [call.group for call in world.directory.calls] == [ENGINEERING]
    log(world, LEAVER, "disable")

    await verify(world.context)

    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.FAILED, True)


@pytest.mark.parametrize(
    ("state", "reason", "ends", "is_recorded"),
    [
        (State.FAILED, "", State.CONFIRMED, True),
        (State.LEFT_TO_CYCLE, "", State.DONE_BY_CYCLE, True),
        (State.LEFT_TO_CYCLE, DISCARDED, State.DONE_BY_CYCLE, False),
    ],
)
@virtual
async def test_what_the_account_has_proven_is_recorded_unless_an_operator_discarded_it(
    state: State, reason: str, ends: State, *, is_recorded: bool
) -> None:
    world = await disabled()
    await unnoted(world)
    row = await world.row(ENGINEERING, LEAVER)
    await world.ledger.move([row], lambda known: replace(known, state=state, reason=reason))
    log(world, LEAVER, "disable")

    await verify(world.context)

    assert (await world.row(ENGINEERING, LEAVER)).state is ends
    kept = await kept_memberships.find(world.store, TOTAL, LEAVER)
    assert (kept is not None) is is_recorded


@virtual
async def test_a_removal_that_failed_is_not_proven_by_what_the_log_showed_before_a_grant() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.directory.answers = lambda _: answer("Failure", "InsufficientRights")
    await world.left(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, LEAVER)).state is State.FAILED
    await asyncio.sleep(LATER.total_seconds())
    log(world, LEAVER, "disable")
    world.directory.answers = None

    await returns(world)
    await verify(world.context)

    assert [call.group for call in world.directory.calls][-2:] == [ADMIN, ENGINEERING]
    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)

"""A removal call that may give access: the account of the user may still be in a group that they
left earlier."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.verdicts import Answer
from hasten.limits import CALL_AGAIN_DELAYS, REPLICATION_SETTLED_AFTER
from hasten.provision.drain import drain
from hasten.records import kept_memberships
from tests.fakes.directory import answer
from tests.support.app_revocations import LEAVER, WAKE
from tests.support.kept_memberships import LATER, called, disabled, left_by_overflow
from tests.support.verifying import disabled as disabled_in_entra
from tests.support.verifying import told
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found

SKIPPED = answer("Skipped", "RedundantExport", active=False)


@virtual
async def test_a_removal_of_somebody_who_came_back_returns_to_the_other_group_as_well() -> None:
    """Entra knows of the membership before Hasten does, and provisions it."""
    world = await disabled(ENGINEERING)
    world.directory.join(ADMIN, LEAVER)
    await world.ledger.record([found(ADMIN, LEAVER, Action.REMOVED, 3)])

    for _ in range(3):
        await drain(world.context, WAKE)
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())

    row = await world.row(ENGINEERING, LEAVER)
    assert ENGINEERING in called(world)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)


GRANTED = answer(active=False)
"""What a user call is answered with that enabled the account."""


@pytest.mark.parametrize(("answered", "returns"), [(GRANTED, True), (SKIPPED, False)])
@virtual
async def test_a_removal_by_a_user_call_that_enabled_the_account_returns_to_the_group(
    answered: Answer,
    returns: bool,  # noqa: FBT001 - a case of the table
) -> None:
    world = await disabled(ENGINEERING)
    world.directory.answers = lambda call: answered if call.group is None else answer()
    await world.ledger.record([found(ADMIN, LEAVER, Action.REMOVED, 3)])

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVER)
    assert row.is_open is returns
    kept = await kept_memberships.find(world.store, TOTAL, LEAVER)
    assert kept is not None
    assert set(kept.groups) == {ENGINEERING, ADMIN}


OTHER = "0000bbbb-0000-4000-8000-0000000000aa"


@virtual
async def test_a_group_is_returned_to_after_the_grant_although_it_was_after_a_removal() -> None:
    """Before the grant the account may be inactive, and a call for the group would show nothing."""
    world = await disabled(ENGINEERING)
    await world.is_discovered(OTHER)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    await world.ledger.record([found(OTHER, LEAVER, Action.REMOVED, 4)])

    for _ in range(3):
        await drain(world.context, WAKE)
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())

    groups = called(world)
    assert groups.index(OTHER) < groups.index(ADMIN)
    assert groups[-1] == ENGINEERING


@virtual
async def test_a_removal_returns_to_the_group_though_an_open_grant_ends_without_a_call() -> None:
    world = await disabled(ENGINEERING)
    await world.is_discovered(OTHER)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    refused = Answer(401, b'{"error": {"code": "no"}}')
    world.directory.answers = lambda call: refused if call.group == ADMIN else answer()
    await drain(world.context, WAKE)
    await world.ledger.record([found(OTHER, LEAVER, Action.REMOVED, 4)])

    await drain(world.context, WAKE)
    [grant] = [row for row in await world.ledger.open_changes(TOTAL) if not row.is_removal]
    await world.ledger.move([grant], left_by_overflow)
    for _ in range(3):
        await drain(world.context, WAKE)
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())

    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)


@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize("apart", [5, 60])
@virtual
async def test_two_removals_that_take_nothing_do_not_open_each_other_for_ever(
    apart: int,
    active: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """The job of the app maps no `active`, and the person has left two groups one after another."""
    world = World()
    await world.is_discovered()
    for group in (ENGINEERING, ADMIN):
        world.directory.join(group, LEAVER)
    world.directory.answers = lambda _: answer(active=active)
    for number, group in enumerate((ENGINEERING, ADMIN)):
        await world.left(group, LEAVER, origin=2 + number)
        await drain(world.context, WAKE)
        await asyncio.sleep(apart)

    for _ in range(80):
        await drain(world.context, WAKE)
        await asyncio.sleep(15)

    states = {(await world.row(group, LEAVER)).state for group in (ENGINEERING, ADMIN)}
    assert states == {State.FAILED}
    assert len(world.directory.calls) <= 2 * (1 + len(CALL_AGAIN_DELAYS)) + 1


@virtual
async def test_a_question_that_the_app_does_not_answer_opens_no_row_that_the_cycle_has() -> None:
    """Otherwise that row ends again with each try, and is never overdue."""
    world = await disabled_in_entra()
    asked = replace(found(ADMIN, LEAVER, Action.REMOVED, 3), contradicted=1)
    await world.ledger.record([asked])
    world.directory.answers = lambda _: answer("Failure", "Timeout")

    for _ in range(4):
        await drain(world.context, WAKE)
        await asyncio.sleep(LATER.total_seconds())

    assert len(world.directory.calls) == 4
    assert told(world) == [State.LEFT_TO_CYCLE]

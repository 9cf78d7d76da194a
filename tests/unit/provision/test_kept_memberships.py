"""A leaver whose account a user call disabled, and who is granted access again: the account may
still be in the group that they left."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hasten.domain.changes import DIRECT, DISCARDED, Action, Change, State, left_to_cycle
from hasten.domain.verdicts import Answer
from hasten.limits import LATEST_CALL_EFFECT, REPLICATION_SETTLED_AFTER, RETENTION
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records import kept_memberships
from hasten.retention import forget_old
from tests.fakes.directory import OnDemand, answer
from tests.support.app_revocations import has_left, world_with
from tests.support.crashing import Killed
from tests.support.late_call import NO_ANSWER, LateCall
from tests.support.verifying import log, ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

WAKE = Wake(target=TOTAL)
LEAVER = user(1)
LATER = timedelta(minutes=10)


async def disabled(*groups: str) -> World:
    """A leaver of `groups` who has nothing left."""
    world = World()
    await world.is_discovered()
    for group in groups:
        world.directory.join(group, LEAVER)
    for group in groups:
        await world.left(group, LEAVER)
    await drain(world.context, WAKE)
    assert [(c.group, c.users) for c in world.directory.calls] == [(None, (LEAVER,))]
    return world


def called(world: World) -> Sequence[str | None]:
    return [call.group for call in world.directory.calls[1:]]


@virtual
async def test_an_account_that_is_active_again_is_taken_out_of_the_group_that_was_left() -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)

    await drain(world.context, WAKE)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVER)
    assert called(world) == [ADMIN, ENGINEERING]
    assert row.state is State.LEFT_TO_CYCLE
    assert row.keeps_assignment
    assert "another assignment" in row.reason


@virtual
async def test_a_group_left_while_another_kept_the_account_is_returned_to_as_well() -> None:
    """The row says that the user keeps an assignment; the account is disabled after that one ends,
    too."""
    world = world_with()
    world.directory.join(ADMIN, LEAVER)
    await has_left(world, LEAVER)
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, LEAVER)).keeps_assignment
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds() / 2)
    await world.left(ADMIN, LEAVER, origin=2)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, LEAVER)).state is State.CONFIRMED
    await world.joined(ADMIN, LEAVER, origin=3)

    await drain(world.context, WAKE)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVER)
    assert called(world)[-2:] == [ADMIN, ENGINEERING]
    assert row.state is State.LEFT_TO_CYCLE


SKIPPED = answer("Skipped", "RedundantExport", active=False)
UNKNOWN_SKIP = answer("Skipped", "EntrySynchronizationSkipped", active=False)
FAILED = answer("Failure", "InsufficientRights")


@pytest.mark.parametrize(
    ("revoked", "granted"),
    [
        (SKIPPED, answer("Failure", "LicenseLimitExceeded")),
        (SKIPPED, answer("Failure", "Timeout")),
        (SKIPPED, answer("Skipped", "EntrySynchronizationSkipped")),
        (UNKNOWN_SKIP, answer()),
        (FAILED, answer()),
    ],
)
@virtual
async def test_a_group_is_returned_to_whatever_the_calls_were_answered_with(
    revoked: Answer, granted: Answer
) -> None:
    """The removal that failed is confirmed by the log. A grant whose membership the app refuses may
    have taken the account."""
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    await world.left(ENGINEERING, LEAVER)
    world.directory.answers = lambda _: revoked
    await drain(world.context, WAKE)
    log(world, LEAVER, "disable")
    await verify(world.context)
    assert (await world.row(ENGINEERING, LEAVER)).state in {State.IN_SYNC, State.CONFIRMED}
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    world.directory.answers = lambda call: granted if call.group == ADMIN else answer()

    await drain(world.context, WAKE)
    world.directory.answers = None
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds() + 1)
    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.LEFT_TO_CYCLE


@pytest.mark.parametrize("status", [401, 404, 429])
@virtual
async def test_a_call_that_graph_refused_opens_no_row_again(status: int) -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    world.directory.answers = lambda _: Answer(status, b'{"error": {"code": "no"}}')

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED


class LateGrant(LateCall):
    def take_effect(self) -> None:
        pass


@pytest.mark.parametrize(
    "ends", [NO_ANSWER, Answer(503, b"{}"), Killed(), ValueError("an answer of an unknown form")]
)
@virtual
async def test_a_grant_without_an_answer_returns_to_the_group_although_no_other_call_follows(
    ends: Answer | BaseException,
) -> None:
    """Entra has enabled the account, and Hasten does not learn about it."""
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    LateGrant(world, ends=ends, lands=timedelta(0))
    with suppress(Killed):
        await drain(world.context, WAKE)

    world.directory.answers = lambda _: Answer(401, b'{"error": {"code": "no"}}')
    await asyncio.sleep(120)  # the lease of a dead worker ends
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVER)
    assert (row.is_open, row.is_removal) == (True, True)
    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is not None


def discarded_by_operator(removal: Change) -> Change:
    kept = replace(removal, keeps_assignment=True)
    return left_to_cycle(kept, now=now(), reason=DISCARDED, next_action="", expected_at=None)


def left_by_overflow(grant: Change) -> Change:
    return left_to_cycle(grant, now=now(), reason="", next_action="", expected_at=None)


@virtual
async def test_a_removal_that_was_opened_again_waits_until_the_grant_can_give_no_more() -> None:
    """The grant is left to Entra's cycle after a call without an answer."""
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    LateGrant(world, ends=NO_ANSWER, lands=timedelta(0))
    await drain(world.context, WAKE)
    [grant] = [row for row in await world.ledger.open_changes(TOTAL) if not row.is_removal]
    await world.ledger.move([grant], left_by_overflow)

    for _ in range(12):
        await asyncio.sleep(60)
        await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)
    assert called(world)[-1] == ENGINEERING


@pytest.mark.parametrize("fails", [answer("Failure", "InternalServerError"), Answer(503, b"{}")])
@virtual
async def test_a_group_is_returned_to_after_the_grant_that_gives_though_it_was_before(
    fails: Answer,
) -> None:
    """The app is out for some minutes: every call of that time shows nothing."""
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    world.directory.answers = lambda call: fails if call.group == ADMIN else answer()
    for _ in range(12):
        await drain(world.context, WAKE)
        await asyncio.sleep(60)

    world.directory.answers = None
    for _ in range(12):
        await drain(world.context, WAKE)
        await asyncio.sleep(60)

    assert called(world)[-2:] == [ADMIN, ENGINEERING]
    assert called(world).count(ENGINEERING) <= 2
    assert (await world.row(ENGINEERING, LEAVER)).state is State.LEFT_TO_CYCLE
    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is None


@pytest.mark.parametrize(
    "others",
    [
        answer("Failure", "LicenseLimitExceeded"),
        answer("Skipped", "NotEffectivelyEntitled"),
        answer("Skipped", "NotEffectivelyEntitled", active=False),
    ],
)
@virtual
async def test_a_group_is_returned_to_after_a_shared_grant_although_no_other_call_follows(
    others: Answer,
) -> None:
    """The answer is that of the user for whom the call failed, or whom Entra skipped."""
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    for number in (1, 2):
        await world.joined(ADMIN, user(number), origin=3)
    refused = Answer(401, b'{"error": {"code": "no"}}')
    alone = {ADMIN: refused, ENGINEERING: answer()}
    world.directory.answers = lambda c: others if len(c.users) > 1 else alone[str(c.group)]
    await drain(world.context, WAKE)
    grants = [row for row in await world.ledger.open_changes(TOTAL) if not row.is_removal]
    await world.ledger.move(grants, left_by_overflow)

    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds() + 1)
    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVER)
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)


@virtual
async def test_a_group_is_returned_to_after_a_shared_grant_that_failed_for_others() -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    for number in (1, 2):
        await world.joined(ADMIN, user(number), origin=3)
    failed = answer("Failure", "LicenseLimitExceeded")
    world.directory.answers = lambda call: failed if len(call.users) > 1 else answer()

    for _ in range(3):
        await drain(world.context, WAKE)
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())

    calls = [call.group for call in world.directory.calls if call.users == (LEAVER,)]
    assert calls[-1] == ENGINEERING
    assert calls.count(ADMIN) == 1


@virtual
async def test_a_row_that_an_operator_discarded_stays_though_a_later_grant_gives() -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    [row] = [await world.row(ENGINEERING, LEAVER)]
    await world.ledger.move([row], discarded_by_operator)
    await world.joined(ADMIN, LEAVER, origin=3)

    await drain(world.context, WAKE)

    assert called(world) == [ADMIN]
    assert (await world.row(ENGINEERING, LEAVER)).is_discarded


@virtual
async def test_a_grant_that_failed_may_still_take_effect_from_a_call_without_an_answer() -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)
    began = now()
    LateGrant(world, ends=NO_ANSWER, lands=timedelta(0))
    failed, returned_at = answer("Failure", "LicenseLimitExceeded"), list[datetime]()

    def said(call: OnDemand) -> Answer:
        returned_at.extend([now()] if call.group == ENGINEERING else [])
        return failed if call.group == ADMIN else answer()

    world.directory.answers = said
    for _ in range(12):
        await drain(world.context, WAKE)
        await asyncio.sleep(60)

    assert (await world.row(ADMIN, LEAVER)).state is State.FAILED
    assert len(returned_at) == 1
    assert returned_at[0] >= began + LATEST_CALL_EFFECT


@virtual
async def test_every_group_that_was_left_is_returned_to_once() -> None:
    world = await disabled(ENGINEERING, ADMIN)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ADMIN, LEAVER, origin=3)

    for _ in range(3):
        await drain(world.context, WAKE)
        await asyncio.sleep(LATER.total_seconds())

    assert called(world) == [ADMIN, ENGINEERING]
    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is None
    assert (await world.row(ADMIN, LEAVER)).state is State.SUCCEEDED


@virtual
async def test_a_cycle_that_ran_meanwhile_has_ended_the_membership() -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    ran(world)
    await world.joined(ADMIN, LEAVER, origin=3)

    await drain(world.context, WAKE)

    assert called(world) == [ADMIN]
    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED


@virtual
async def test_who_comes_back_to_the_group_is_not_taken_out() -> None:
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
    await world.joined(ENGINEERING, LEAVER, origin=3)

    await drain(world.context, WAKE)

    assert called(world) == [ENGINEERING]
    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED


@virtual
async def test_a_place_that_nobody_came_back_to_is_forgotten_with_the_history() -> None:
    world = await disabled(ENGINEERING)
    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is not None

    await asyncio.sleep(RETENTION.total_seconds() + 1)
    await forget_old(world.context)

    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is None


@virtual
async def test_an_account_that_was_assigned_directly_has_no_place_to_keep() -> None:
    world = World()
    await world.is_discovered()
    world.directory.has_user(LEAVER)
    await world.ledger.record([found(DIRECT, LEAVER, Action.REMOVED, 1)])

    await drain(world.context, WAKE)

    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is None


@virtual
async def test_a_removal_of_somebody_who_came_back_returns_to_the_other_group_as_well() -> None:
    """Entra knows of the membership before Hasten does, and provisions it."""
    world = await disabled(ENGINEERING)
    await asyncio.sleep(LATER.total_seconds())
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
    await asyncio.sleep(LATER.total_seconds())
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

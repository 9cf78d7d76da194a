"""A leaver whose account a user call disabled, and who is granted access again: the account may
still be in the group that they left."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import DIRECT, DISCARDED, Action, Change, State
from hasten.domain.row_states import left_to_cycle
from hasten.domain.verdicts import Answer
from hasten.limits import REPLICATION_SETTLED_AFTER, RETENTION
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records import kept_memberships
from hasten.retention import forget_old
from tests.fakes.directory import answer
from tests.support.app_revocations import LEAVER, WAKE, has_left, world_with
from tests.support.kept_memberships import LATER, called, disabled, left_by_overflow
from tests.support.verifying import log, ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user


@virtual
async def test_an_account_that_is_active_again_is_taken_out_of_the_group_that_was_left() -> None:
    world = await disabled(ENGINEERING)
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
    assert called(world) == [ADMIN, ENGINEERING, ENGINEERING], "once more, when it counts"
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
    await world.joined(ADMIN, LEAVER, origin=3)
    world.directory.answers = lambda _: Answer(status, b'{"error": {"code": "no"}}')

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED


def discarded_by_operator(removal: Change) -> Change:
    kept = replace(removal, keeps_assignment=True)
    return left_to_cycle(kept, now=now(), reason=DISCARDED, next_action="", expected_at=None)


@pytest.mark.parametrize("fails", [answer("Failure", "InternalServerError"), Answer(503, b"{}")])
@virtual
async def test_a_group_is_returned_to_after_the_grant_that_gives_though_it_was_before(
    fails: Answer,
) -> None:
    """The app is out for some minutes: every call of that time shows nothing."""
    world = await disabled(ENGINEERING)
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
    [row] = [await world.row(ENGINEERING, LEAVER)]
    await world.ledger.move([row], discarded_by_operator)
    await world.joined(ADMIN, LEAVER, origin=3)

    await drain(world.context, WAKE)

    assert called(world) == [ADMIN]
    assert (await world.row(ENGINEERING, LEAVER)).is_discarded


@virtual
async def test_every_group_that_was_left_is_returned_to_once() -> None:
    world = await disabled(ENGINEERING, ADMIN)
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
    await asyncio.sleep(900)
    ran(world)
    await world.joined(ADMIN, LEAVER, origin=3)

    await drain(world.context, WAKE)

    assert called(world) == [ADMIN]
    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED


@virtual
async def test_who_comes_back_to_the_group_is_not_taken_out() -> None:
    world = await disabled(ENGINEERING)
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

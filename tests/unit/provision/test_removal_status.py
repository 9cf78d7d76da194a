"""Where a leaver stands: what Graph lists is believed once it had time to see that they left."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, State
from hasten.domain.planning import AssignmentStatus
from hasten.errors import TemporaryError
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.ports.directory_values import User
from hasten.provision.removal_status import RemovalStatus, is_member_again, removal_status
from tests.fakes.directory import FakeDirectory
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World
from tests.unit.domain.rows import USERS, removal

[USER] = USERS[:1]
SOON = timedelta(seconds=1)


@pytest.mark.parametrize("group", [ENGINEERING, DIRECT])
@pytest.mark.parametrize(
    ("after", "standing"),
    [(SOON, AssignmentStatus.UNASSIGNED), (REPLICATION_SETTLED_AFTER, AssignmentStatus.ASSIGNED)],
)
def test_an_assignment_just_left_is_not_counted_although_graph_still_lists_it(
    group: str, after: timedelta, standing: AssignmentStatus
) -> None:
    @virtual
    async def run() -> None:
        world = World()
        if group == DIRECT:
            world.directory.has_user(USER)
            world.directory.grant(USER, kind="User")
        else:
            world.directory.join(group, USER)

        row = removal(target=TOTAL, group=group, seen_at=now())
        await world.ledger.record([row])
        await asyncio.sleep(after.total_seconds())

        known, _ = await removal_status(world.context, SERVICE_PRINCIPAL, [row])

        assert known[USER].standing is standing

    run()


@virtual
async def test_another_group_that_was_left_a_moment_ago_is_not_counted_though_its_row_ended() -> (
    None
):
    world = World()
    world.directory.join(ENGINEERING, USER)
    world.directory.join(ADMIN, USER)
    called = removal(target=TOTAL, group=ENGINEERING, seen_at=now(), state=State.SUCCEEDED)
    row = removal(target=TOTAL, group=ADMIN, seen_at=now())
    await world.ledger.record([called, row])

    soon, _ = await removal_status(world.context, SERVICE_PRINCIPAL, [row])
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    later, _ = await removal_status(world.context, SERVICE_PRINCIPAL, [row])

    assert soon[USER].standing is AssignmentStatus.UNASSIGNED
    assert later[USER].standing is AssignmentStatus.ASSIGNED


@virtual
async def test_nobody_is_taken_for_a_member_again_before_every_replica_has_seen_them_leave() -> (
    None
):
    row = removal(target=TOTAL, group=ENGINEERING, seen_at=now())

    def listed(after: timedelta, *through: str) -> RemovalStatus:
        return RemovalStatus(AssignmentStatus.ASSIGNED, now() + after, frozenset(through))

    assert not is_member_again(row, listed(REPLICATION_SETTLED_AFTER, ENGINEERING))
    assert is_member_again(row, listed(ASSIGNMENT_COUNTS_WITHIN, ENGINEERING))
    assert not is_member_again(row, listed(timedelta(days=1)))


class Halves(FakeDirectory):
    """Finds a user in one of the two reads only."""

    finds_assignments = finds_user = True

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        found = await super().assigned_through(user, service_principal)
        return found if self.finds_assignments else None

    async def user(self, user: str) -> User | None:
        return await super().user(user) if self.finds_user else None


@pytest.mark.parametrize(
    ("finds_assignments", "finds_user", "result"),
    [
        (True, True, AssignmentStatus.UNASSIGNED),
        (True, False, TemporaryError),
        (False, True, TemporaryError),
        (False, False, AssignmentStatus.DELETED),
    ],
)
def test_a_user_whom_graph_finds_in_one_read_only_does_not_count_as_deleted(
    *, finds_assignments: bool, finds_user: bool, result: object
) -> None:
    @virtual
    async def run() -> None:
        halves = Halves()
        halves.has_user(USER)
        halves.finds_assignments, halves.finds_user = finds_assignments, finds_user
        world = World(directory=halves)
        row = removal(target=TOTAL, group=ENGINEERING, seen_at=now())

        known, errors = await removal_status(world.context, SERVICE_PRINCIPAL, [row])

        if isinstance(result, AssignmentStatus):
            assert known[USER].standing is result
        else:
            assert isinstance(errors[USER], TemporaryError)

    run()

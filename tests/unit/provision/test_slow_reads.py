"""A read or a call may show the directory as it was when it began: its age is judged from then."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, Change, State
from hasten.domain.planning import AssignmentStatus, Call
from hasten.domain.rejoining import rejoined
from hasten.domain.settlement import settle
from hasten.domain.verdicts import Result, Verdict
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.removal_status import removal_status
from hasten.telemetry.provision import CallSent
from tests.fakes.directory import FakeDirectory
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user
from tests.unit.domain.rows import NOW, change, removal, seconds

SLOW = timedelta(seconds=30)


class SlowDirectory(FakeDirectory):
    """Answers as the directory was when the request began."""

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        listed = await super().assigned_through(user, service_principal)
        await asyncio.sleep(SLOW.total_seconds())
        return listed


async def listed_still() -> tuple[World, Change]:
    """A leaver whom Graph lists as a member for as long as the test takes."""
    world = World(directory=SlowDirectory(groups=[ENGINEERING, ADMIN]))
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    row = found(ENGINEERING, user(1), Action.REMOVED, origin=2)
    await world.ledger.record([row])
    return world, row


@virtual
async def test_an_assignment_is_not_counted_where_the_read_began_before_replicas_settled() -> None:
    world, row = await listed_still()
    await asyncio.sleep((REPLICATION_SETTLED_AFTER - SLOW / 2).total_seconds())

    known, _ = await removal_status(world.context, SERVICE_PRINCIPAL, [row])

    assert known[user(1)].standing is AssignmentStatus.UNASSIGNED


@virtual
async def test_a_leaver_is_no_member_again_by_a_read_that_began_before_replicas_settled() -> None:
    world, row = await listed_still()
    await asyncio.sleep((ASSIGNMENT_COUNTS_WITHIN - SLOW / 2).total_seconds())

    await drain(world.context, Wake(target=TOTAL))

    first = next(event for event in world.events if isinstance(event, CallSent))
    assert first.removal
    assert (await world.row(ENGINEERING, user(1))).seen_at - row.seen_at >= ASSIGNMENT_COUNTS_WITHIN


@pytest.mark.parametrize(
    ("early", "state"), [(seconds(1), State.WAITING), (seconds(0), State.IN_SYNC)]
)
def test_in_sync_is_judged_by_the_time_of_the_call_not_of_the_answer(
    early: timedelta, state: State
) -> None:
    called_at = NOW + ASSIGNMENT_COUNTS_WITHIN - early
    row = change(state=State.CALLING, called_at=called_at)

    ended = settle(
        row,
        Call(row.group, (row,)),
        Verdict(Result.IN_SYNC),
        now=called_at + SLOW,
        backoff=seconds,
    )

    assert ended.state is state


def test_a_member_again_was_seen_when_the_read_of_it_began() -> None:
    later = NOW + timedelta(minutes=6)

    again = rejoined(removal(), now=later)
    called = replace(again, state=State.CALLING, called_at=later)
    answered = settle(
        called,
        Call(called.group, (called,)),
        Verdict(Result.IN_SYNC),
        now=later,
        backoff=seconds,
    )

    assert again.seen_at == later
    assert answered.state is State.WAITING

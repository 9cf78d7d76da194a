"""Nobody learns that a call has enabled the account of a leaver, and no other call follows: the
grant is left to Entra's cycle. The leaver may still be in the group that they left."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.verdicts import Answer
from hasten.limits import CALL_TIMEOUT, LATEST_CALL_EFFECT
from hasten.provision import triage
from hasten.provision.drain import drain
from hasten.records import kept_memberships
from tests.fakes.directory import answer
from tests.support.app_revocations import LEAVER, WAKE
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.late_call import NO_ANSWER, LateCall
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found

ENABLED = answer(active=False)
"""What a user call is answered with that enabled the account."""

LEASE_ENDS = 120
"""Seconds after which another worker takes the place of one that died."""


class Call(LateCall):
    def take_effect(self) -> None:
        pass


async def disabled() -> World:
    """A leaver who has nothing left."""
    world = World(store=CrashingStore())
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    await world.left(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED
    await asyncio.sleep(600)
    return world


def grants_are_left_to_the_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a backlog that paced calls would serve later than the cycle does."""
    monkeypatch.setattr(triage, "_is_later", lambda *_: True)


async def works(world: World) -> None:
    await asyncio.sleep(LEASE_ENDS)
    for _ in range(6):
        await asyncio.sleep(60)
        await drain(world.context, WAKE)


async def is_returned_to(world: World) -> bool:
    """Whether the row of the group that was left no longer says that the access is taken."""
    row = await world.row(ENGINEERING, LEAVER)
    assert not row.is_open
    return row.state is State.LEFT_TO_CYCLE and row.keeps_assignment


@pytest.mark.parametrize("ends", [ENABLED, NO_ANSWER, Answer(503, b"{}"), Killed()])
@virtual
async def test_a_removal_that_enabled_the_account_returns_although_a_grant_was_still_to_come(
    ends: Answer | BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leaver comes back during the user call of the removal."""
    world = await disabled()
    grants_are_left_to_the_cycle(monkeypatch)
    await world.ledger.record([found(ADMIN, LEAVER, Action.REMOVED, 3)])
    Call(world, ends=ends, lands=timedelta(0))

    async def comes_back() -> None:
        await asyncio.sleep(1)
        await world.joined(ADMIN, LEAVER, origin=4)

    coming = asyncio.create_task(comes_back())
    with suppress(Killed):
        await drain(world.context, WAKE)
    await coming
    await works(world)

    assert (await world.row(ADMIN, LEAVER)).reason == triage.CYCLE_IS_SOONER
    assert await is_returned_to(world)


@pytest.mark.parametrize("seconds", [LEASE_ENDS, LATEST_CALL_EFFECT.total_seconds() + 1])
@pytest.mark.parametrize("action", [None, Action.ADDED, Action.REMOVED])
@virtual
async def test_the_call_of_a_dead_worker_counts_although_another_row_took_the_place_of_its_row(
    action: Action | None, seconds: float
) -> None:
    """Also when no other worker came for long."""
    world = await disabled()
    await world.joined(ADMIN, LEAVER, origin=3)
    Call(world, ends=Killed(), lands=timedelta(0))
    with suppress(Killed):
        await drain(world.context, WAKE)
    if action is not None:
        await world.ledger.record([found(ADMIN, LEAVER, action, 4)])
    world.directory.answers = lambda _: Answer(401, b'{"error": {"code": "no"}}')

    await asyncio.sleep(seconds)
    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).is_open
    assert await kept_memberships.find(world.store, TOTAL, LEAVER) is not None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(3))
@virtual
async def test_wherever_the_worker_dies_that_got_no_answer_the_group_is_returned_to(
    step: int,
    after: bool,  # noqa: FBT001 - a case of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A newer row takes the place of that of the grant before another worker comes."""
    world = await disabled()
    assert isinstance(world.store, CrashingStore)
    await world.joined(ADMIN, LEAVER, origin=3)
    Call(world, ends=NO_ANSWER, lands=timedelta(0))
    fuse, almost = Fuse(step, after=after), CALL_TIMEOUT.total_seconds() - 1
    asyncio.get_running_loop().call_later(almost, setattr, world.store, "fuse", fuse)
    with suppress(Killed):
        await drain(world.context, WAKE)
    world.store.fuse = Fuse(-1, after=False)
    assert fuse.steps > step
    await world.ledger.record([found(ADMIN, LEAVER, Action.ADDED, 4)])
    grants_are_left_to_the_cycle(monkeypatch)
    await works(world)

    assert await is_returned_to(world)


@virtual
async def test_a_group_that_was_left_long_after_the_call_is_not_returned_to() -> None:
    """The row that knows of the call is held, so that every drain sees it."""
    world = await disabled()
    row = replace(found(ADMIN, LEAVER, Action.ADDED, 3), state=State.HELD)
    await world.ledger.record([replace(row, grant_called_at=now() - timedelta(hours=1))])

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED
    assert len(world.directory.calls) == 1

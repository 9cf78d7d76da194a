"""Nobody learns that a call has enabled the account of a leaver, and no other call follows: the
grant is left to Entra's cycle. The leaver may still be in the group that they left."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.verdicts import Answer
from hasten.limits import CALL_TIMEOUT, LATEST_CALL_EFFECT
from hasten.ports.store import Document
from hasten.provision import triage
from hasten.provision.drain import drain
from hasten.records import kept_memberships
from tests.fakes.directory import OnDemand, answer
from tests.support.app_revocations import LEAVER, WAKE
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.kept_memberships import LateGrant, called, disabled, left_by_overflow
from tests.support.late_call import NO_ANSWER
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

ENABLED = answer(active=False)
"""What a user call is answered with that enabled the account."""

LEASE_ENDS = 120
"""Seconds after which another worker takes the place of one that died."""


class Scanned(CrashingStore):
    """`read` counts the documents that were listed."""

    read = 0

    async def scan(self, *of: Any, **named: Any) -> Sequence[Document]:
        listed = await super().scan(*of, **named)
        self.read += len(listed)
        return listed


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
    world = await disabled(ENGINEERING, store=CrashingStore())
    grants_are_left_to_the_cycle(monkeypatch)
    await world.ledger.record([found(ADMIN, LEAVER, Action.REMOVED, 3)])
    LateGrant(world, ends=ends, lands=timedelta(0))

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
    world = await disabled(ENGINEERING, store=CrashingStore())
    await world.joined(ADMIN, LEAVER, origin=3)
    LateGrant(world, ends=Killed(), lands=timedelta(0))
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
    world = await disabled(ENGINEERING, store=CrashingStore())
    assert isinstance(world.store, CrashingStore)
    await world.joined(ADMIN, LEAVER, origin=3)
    LateGrant(world, ends=NO_ANSWER, lands=timedelta(0))
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
    world = await disabled(ENGINEERING, store=CrashingStore())
    row = replace(found(ADMIN, LEAVER, Action.ADDED, 3), state=State.HELD)
    await world.ledger.record([replace(row, grant_called_at=now() - timedelta(hours=1))])

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).state is State.SUCCEEDED
    assert len(world.directory.calls) == 1


@pytest.mark.parametrize(
    "ends", [NO_ANSWER, Answer(503, b"{}"), Killed(), ValueError("an answer of an unknown form")]
)
@virtual
async def test_a_grant_without_an_answer_returns_to_the_group_although_no_other_call_follows(
    ends: Answer | BaseException,
) -> None:
    """Entra has enabled the account, and Hasten does not learn about it."""
    world = await disabled(ENGINEERING)
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


@virtual
async def test_a_removal_that_was_opened_again_waits_until_the_grant_can_give_no_more() -> None:
    """The grant is left to Entra's cycle after a call without an answer."""
    world = await disabled(ENGINEERING)
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


@virtual
async def test_a_grant_that_failed_may_still_take_effect_from_a_call_without_an_answer() -> None:
    world = await disabled(ENGINEERING)
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


@pytest.mark.parametrize("state", [State.CALLING, State.HELD])
@virtual
async def test_the_memberships_of_others_are_not_read_although_a_call_was_lost(
    state: State,
) -> None:
    """A target may have thousands, and a held row knows of its call until it is released."""
    store = Scanned()
    world = await disabled(ENGINEERING, store=store)
    row = replace(found(ADMIN, LEAVER, Action.ADDED, 3), state=state, called_at=now())
    await world.ledger.record([replace(row, grant_called_at=now())])
    others = {user(number): [ENGINEERING] for number in range(10, 60)}
    await kept_memberships.note(store, TOTAL, others, now())
    store.read = 0

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, LEAVER)).is_open
    assert store.read < len(others)

"""A call for a removal that Hasten no longer waits for takes effect after the user is back."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.app_revocation import MAX_APP_TRIES
from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.domain.late_calls import MAY_BE_TAKEN
from hasten.domain.planning import GrantsBy
from hasten.domain.verdicts import Answer
from hasten.errors import TemporaryError
from hasten.limits import LATEST_CALL_EFFECT
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records.call_window import unanswered_in
from hasten.records.ledger_keys import LEDGER_COLLECTION, WINDOW_KEY
from hasten.targets import Target
from tests.fakes.directory import answer
from tests.support.app_revocations import LEAVER, WAKE, has_left, row, world_with
from tests.support.crashing import Killed
from tests.support.late_call import NO_ANSWER, LateCall
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user


class LateRemoval(LateCall):
    """Entra ID finds the user of the first call without an assignment, and disables the account
    late. Every later call gives access."""

    def __init__(self, world: World, **late: Any) -> None:
        super().__init__(world, **late)
        self.active, self.later = True, self.enable

    async def enable(self, *_: Any, **_named: Any) -> Answer:
        await asyncio.sleep(3)
        self.active = True
        return answer(action="Enable")

    def take_effect(self) -> None:
        self.active = False


async def leaves(world: World, *, ends: BaseException | Answer = NO_ANSWER) -> LateRemoval:
    await world.is_discovered()
    late = LateRemoval(world, ends=ends)
    world.directory.join(ENGINEERING, LEAVER)
    await world.left(ENGINEERING, LEAVER)
    try:
        await drain(world.context, WAKE, longest=timedelta(seconds=1))
    except Killed:
        await asyncio.sleep(25)
    assert late.calls == [None]
    return late


async def works_until_that_call_has_ended(world: World, late: LateRemoval) -> None:
    for _ in range(LATEST_CALL_EFFECT // timedelta(minutes=1)):
        await drain(world.context, WAKE)
        await verify(world.context)
        await asyncio.sleep(60)
    assert late.landing is not None
    assert late.landing.done()


@pytest.mark.parametrize(
    "ends", [NO_ANSWER, Killed(), RuntimeError("a defect"), answer("Failure", "Timeout")]
)
@pytest.mark.parametrize("group", [ENGINEERING, ADMIN])
@virtual
async def test_who_has_joined_again_gets_the_access_back_and_nothing_is_claimed_before(
    group: str, ends: BaseException | Answer
) -> None:
    world = World()
    late = await leaves(world, ends=ends)

    await world.joined(group, LEAVER, origin=3)
    await drain(world.context, WAKE, longest=timedelta(seconds=30))
    early = await world.row(group, LEAVER)
    await works_until_that_call_has_ended(world, late)

    assert late.active
    assert early.state is State.WAITING
    assert (await world.row(group, LEAVER)).state is State.SUCCEEDED


@pytest.mark.parametrize("grants_by", [GrantsBy.USER_THEN_GROUP, GrantsBy.USER])
@virtual
async def test_the_access_comes_back_by_all_the_calls_that_give_it(grants_by: GrantsBy) -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, grants_by=grants_by))
    late = await leaves(world)
    await world.joined(ENGINEERING, LEAVER, origin=3)

    await works_until_that_call_has_ended(world, late)

    given = [None, ENGINEERING] if grants_by is GrantsBy.USER_THEN_GROUP else [None]
    assert late.calls[1:] == 2 * given
    assert late.active


@virtual
async def test_who_is_enabled_again_gets_all_access_back() -> None:
    world = World()
    late = await leaves(world)
    world.directory.join(ADMIN, LEAVER)
    await world.context.ledger.record([found(OWN_ACCOUNT, LEAVER, Action.ENABLED, 1)])

    await works_until_that_call_has_ended(world, late)

    assert late.active
    assert (await world.row(OWN_ACCOUNT, LEAVER)).state is State.SUCCEEDED


@pytest.mark.parametrize("group", [ENGINEERING, ADMIN])
@virtual
async def test_a_removal_that_was_answered_delays_no_grant(group: str) -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    await world.left(ENGINEERING, LEAVER)
    calling = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)

    await world.joined(group, LEAVER, origin=3)
    await calling
    await drain(world.context, WAKE)

    assert (await world.row(group, LEAVER)).state is State.SUCCEEDED
    assert len(world.directory.calls) == 2


@pytest.mark.parametrize("error", [None, NO_ANSWER])
@virtual
async def test_so_it_is_with_a_write_in_the_app(error: TemporaryError | None) -> None:
    world = world_with()
    await has_left(world, LEAVER)

    async def written(account: str) -> None:
        await world.joined(ENGINEERING, LEAVER, origin=3)
        if error is not None:
            raise error

    world.app.deactivate = written  # type: ignore[method-assign]

    await drain(world.context, WAKE)
    await drain(world.context, WAKE)

    back = await row(world)
    assert back.action is Action.ADDED
    assert back.reason == ("" if error is None else MAY_BE_TAKEN)
    assert len(world.directory.calls) == 1


@pytest.mark.parametrize("fails", ["deactivate", "find"])
@virtual
async def test_a_write_in_the_app_without_an_answer_counts_for_a_grant_of_another_group(
    fails: str,
) -> None:
    """The drain reads the grant while a call for somebody else is under way, and the removal ends
    without a call."""
    world = world_with()
    await has_left(world, LEAVER)
    await world.joined(ENGINEERING, user(2))
    world.directory.seconds_per_call = 10
    tried = []

    async def no_answer(_: str) -> None:
        tried.append(fails)
        if len(tried) == 1:
            await world.joined(ADMIN, LEAVER, origin=3)
        raise NO_ANSWER

    setattr(world.app, fails, no_answer)

    await drain(world.context, WAKE, longest=timedelta(seconds=30))

    granted, asked = await world.row(ADMIN, LEAVER), world.directory.calls
    assert [call.group for call in asked if LEAVER in call.users][:1] == [ADMIN]
    assert granted.state is (State.WAITING if fails == "deactivate" else State.SUCCEEDED)
    assert granted.reason == (MAY_BE_TAKEN if fails == "deactivate" else "")


@virtual
async def test_the_window_notes_no_call_of_rows_that_only_wait() -> None:
    """After an outage these may be thousands, and each call writes the window."""
    world = World()
    await world.is_discovered()
    row = replace(found(ENGINEERING, LEAVER, Action.REMOVED, 1), state=State.WAITING)
    row = replace(row, due_at=now() + timedelta(hours=1), removal_called_at=now())
    await world.context.ledger.record([row])
    await world.joined(ENGINEERING, user(2))

    await drain(world.context, WAKE)

    live = await world.context.ledger.live(TOTAL)
    assert len(world.directory.calls) == 1
    assert await unanswered_in(world.store, TOTAL, live.window) == ()


@virtual
async def test_of_the_tries_for_one_person_the_window_keeps_the_last() -> None:
    world, writes = world_with(), list[datetime]()

    async def fails(account: str) -> None:
        writes.append(now())
        raise TemporaryError("HTTP 500", timedelta(seconds=5))

    world.app.deactivate = fails  # type: ignore[method-assign]
    world.directory.answers = lambda _: answer(status=503)
    await has_left(world, LEAVER, user(2))

    for _ in range(MAX_APP_TRIES):
        await drain(world.context, WAKE)
        await asyncio.sleep(5)

    stored = await world.store.get(LEDGER_COLLECTION, TOTAL, WINDOW_KEY)
    late = await unanswered_in(world.store, TOTAL, stored)
    of_leaver = [call.at for call in late if call.users == {LEAVER}]
    assert len(writes) == 2 * MAX_APP_TRIES
    assert len(of_leaver) == 1
    assert of_leaver[0] >= writes[-2]

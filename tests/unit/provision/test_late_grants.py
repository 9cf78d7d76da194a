"""A call for a grant that Hasten no longer waits for takes effect after the leaver's removal."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.domain.verdicts import Answer
from hasten.limits import LATEST_CALL_EFFECT
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.fakes.directory import answer
from tests.support.app_revocations import LEAVER, WAKE, row, world_with
from tests.support.crashing import Killed
from tests.support.late_call import (
    NO_ANSWER,
    SlowApp,
    leaves_until_that_call_has_ended,
    works,
)
from tests.support.verifying import log
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found


@pytest.mark.parametrize("scim", [True, False])
@virtual
async def test_the_access_that_comes_back_is_taken_and_nothing_is_claimed_before(
    *, scim: bool
) -> None:
    world = world_with() if scim else World()
    await world.is_discovered()
    app = SlowApp(world)
    await world.joined(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    await world.left(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)

    early = await row(world)
    await works(world, LATEST_CALL_EFFECT)

    assert early.grant_called_at is not None
    ends_at = early.grant_called_at + LATEST_CALL_EFFECT
    assert (early.state, early.due_at) == (State.WAITING, ends_at)
    assert app.landing is not None
    assert app.landing.done()
    assert world.app.active(LEAVER) == [False]
    ended = await row(world)
    assert ended.state is (State.CONFIRMED if scim else State.SUCCEEDED)
    assert ended.finished_at is not None
    assert ended.finished_at >= ends_at
    assert len(app.calls) == (1 if scim else 3)


@virtual
async def test_the_call_of_a_worker_that_died_counts_as_well() -> None:
    world = world_with()
    await world.is_discovered()
    app = SlowApp(world, ends=Killed())
    await world.joined(ENGINEERING, LEAVER)
    with pytest.raises(Killed):
        await drain(world.context, WAKE)
    await world.left(ENGINEERING, LEAVER)

    await works(world, LATEST_CALL_EFFECT)

    assert app.landing is not None
    assert app.landing.done()
    assert (await row(world)).state is State.CONFIRMED
    assert world.app.active(LEAVER) == [False]


@pytest.mark.parametrize("scim", [True, False])
@virtual
async def test_so_it_does_when_its_row_has_ended_without_another_call(*, scim: bool) -> None:
    world = world_with() if scim else World()
    await world.is_discovered()
    app = SlowApp(world, ends=Killed(), lands=LATEST_CALL_EFFECT - timedelta(seconds=10))
    world.directory.join(ENGINEERING, LEAVER)
    await world.context.ledger.record([found(OWN_ACCOUNT, LEAVER, Action.ENABLED, 1)])
    with pytest.raises(Killed):
        await drain(world.context, WAKE)
    await asyncio.sleep(130 - (now() - START).total_seconds())
    app.write(active=True)
    world.directory.leave(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    assert ((await world.row(OWN_ACCOUNT, LEAVER)).state, len(app.calls)) == (
        State.LEFT_TO_CYCLE,
        1,
    )
    world.directory.join(ENGINEERING, LEAVER)

    await leaves_until_that_call_has_ended(world, app)


@virtual
async def test_a_grant_for_another_place_of_the_user_counts_as_well() -> None:
    world = world_with()
    await world.is_discovered()
    SlowApp(world)
    world.directory.join(ENGINEERING, LEAVER)
    await world.context.ledger.record([found(OWN_ACCOUNT, LEAVER, Action.ENABLED, 1)])
    await drain(world.context, WAKE)
    await world.left(ENGINEERING, LEAVER)
    await asyncio.sleep(125 - (now() - START).total_seconds())

    await works(world, LATEST_CALL_EFFECT)

    assert (await row(world)).state is State.CONFIRMED
    assert world.app.active(LEAVER) == [False]


@virtual
async def test_a_grant_that_was_answered_delays_no_removal() -> None:
    world = world_with()
    await world.is_discovered()
    world.app.add(LEAVER)
    world.directory.answers = lambda _: answer("Skipped", "NotEffectivelyEntitled", active=True)
    await world.joined(ENGINEERING, LEAVER)
    calling = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)

    await world.left(ENGINEERING, LEAVER)
    await calling

    ended = await world.context.ledger.find(TOTAL, ENGINEERING, LEAVER)
    assert ended is not None
    assert (ended.action, ended.state) == (Action.REMOVED, State.CONFIRMED)


@pytest.mark.parametrize("scim", [True, False])
@pytest.mark.parametrize(
    "ends", [NO_ANSWER, Killed(), RuntimeError("a defect"), answer("Failure", "Timeout")]
)
@virtual
async def test_a_second_call_that_is_answered_does_not_end_the_doubt_about_the_first(
    ends: BaseException | Answer, *, scim: bool
) -> None:
    world = world_with() if scim else World()
    await world.is_discovered()
    app = SlowApp(world, ends=ends)
    world.directory.answers = lambda _: answer(action="Create")
    await world.joined(ENGINEERING, LEAVER)
    while len(app.calls) < 2:
        with suppress(Killed):
            await drain(world.context, WAKE, longest=timedelta(seconds=1))
        await asyncio.sleep(30)
    assert ((await row(world)).state, len(app.calls)) == (State.SUCCEEDED, 2)
    world.directory.answers = app.said
    app.write(active=True)
    await leaves_until_that_call_has_ended(world, app)

    assert (await row(world)).state is (State.CONFIRMED if scim else State.SUCCEEDED)


@virtual
async def test_nor_does_it_for_who_leaves_while_that_call_is_under_way() -> None:
    world = world_with()
    await world.is_discovered()
    app = SlowApp(world)
    world.directory.answers = lambda _: answer("Skipped", "NotEffectivelyEntitled", active=True)
    await world.joined(ENGINEERING, LEAVER)
    await drain(world.context, WAKE, longest=timedelta(seconds=1))
    await asyncio.sleep(30)
    calling = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)
    app.write(active=True)

    await world.left(ENGINEERING, LEAVER)
    await calling

    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.WAITING


@virtual
async def test_an_answer_that_comes_after_the_doubt_about_a_call_from_before_ends_nothing() -> None:
    world = World()
    await world.is_discovered()
    app = SlowApp(world, lands=LATEST_CALL_EFFECT - timedelta(seconds=5))
    app.write(active=True)
    await world.joined(ENGINEERING, LEAVER)
    await drain(world.context, WAKE, longest=timedelta(seconds=1))
    await asyncio.sleep((START + LATEST_CALL_EFFECT - now()).total_seconds() - 25)
    world.directory.seconds_per_call = 0
    made = app.later

    async def slow(*args: Any, **named: Any) -> Answer:
        done = await made(*args, **named)
        await asyncio.sleep(30)
        return done

    app.later = slow
    await world.left(ENGINEERING, LEAVER)

    await works(world, timedelta(minutes=2))

    assert len(app.calls) == 3
    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.SUCCEEDED


@pytest.mark.parametrize("action", [Action.DISABLED, Action.DELETED])
@pytest.mark.parametrize("ends", [NO_ANSWER, Killed()])
@virtual
async def test_nor_does_it_for_who_is_disabled_or_deleted_after_that_answer(
    ends: BaseException, action: Action
) -> None:
    world = world_with()
    await world.is_discovered()
    app = SlowApp(world, ends=ends)
    world.directory.answers = lambda _: answer(action="Create")
    await world.joined(ENGINEERING, LEAVER)
    for origin in (2, 3, 4):
        with suppress(Killed):
            await drain(world.context, WAKE, longest=timedelta(seconds=1))
        if len(app.calls) < 2:  # a look finds that they left and joined once more
            await world.joined(ENGINEERING, LEAVER, origin=origin)
        await asyncio.sleep(20)
    assert len(app.calls) == 2
    app.write(active=True)
    if action is Action.DISABLED:
        world.directory.disable(LEAVER)
    else:
        world.directory.delete(LEAVER)
    await world.context.ledger.record([found(OWN_ACCOUNT, LEAVER, action, 1)])
    await drain(world.context, WAKE)
    early, active = await world.row(OWN_ACCOUNT, LEAVER), world.app.active(LEAVER)

    await works(world, LATEST_CALL_EFFECT)

    assert (early.state, active) == (State.WAITING, [False])
    assert app.landing is not None
    assert app.landing.done()
    assert world.app.active(LEAVER) == [False]
    assert (await world.row(OWN_ACCOUNT, LEAVER)).state is State.CONFIRMED


@pytest.mark.parametrize("scim", [True, False])
@virtual
async def test_nor_does_it_for_who_leaves_after_an_answer_for_the_account(*, scim: bool) -> None:
    world = world_with() if scim else World()
    await world.is_discovered()
    app = SlowApp(world)
    world.directory.answers = lambda _: answer(action="Create")
    world.directory.join(ENGINEERING, LEAVER)
    await world.context.ledger.record([found(OWN_ACCOUNT, LEAVER, Action.ENABLED, 1)])
    while len(app.calls) < 2:
        await drain(world.context, WAKE, longest=timedelta(seconds=1))
        await asyncio.sleep(10)
    assert (await world.row(OWN_ACCOUNT, LEAVER)).state is State.SUCCEEDED
    world.directory.answers = app.said
    app.write(active=True)
    await asyncio.sleep((START - now()).total_seconds() + 125)
    await leaves_until_that_call_has_ended(world, app)

    assert (await row(world)).state is (State.CONFIRMED if scim else State.SUCCEEDED)


@pytest.mark.parametrize("is_same", [True, False])
@virtual
async def test_nothing_in_the_log_ends_a_removal_while_that_call_may_take_effect(
    *, is_same: bool
) -> None:
    world = World()
    await world.is_discovered()
    app = SlowApp(world)
    world.directory.join(ENGINEERING, LEAVER)
    group, action = (ENGINEERING, Action.ADDED) if is_same else (OWN_ACCOUNT, Action.ENABLED)
    await world.context.ledger.record([found(group, LEAVER, action, 1)])
    world.directory.answers = lambda _: answer(action="Create")
    await drain(world.context, WAKE)
    world.directory.disabled.add(LEAVER)
    await asyncio.sleep(0 if is_same else 30)
    await world.left(ENGINEERING, LEAVER)
    await drain(world.context, WAKE)
    assert (await row(world)).state is State.LEFT_TO_CYCLE
    log(world, LEAVER, "disable")
    await verify(world.context)
    assert (await row(world)).state is State.LEFT_TO_CYCLE
    assert app.landing is not None
    await app.landing
    log(world, LEAVER, "enable")

    await works(world, timedelta(minutes=2))

    assert (await row(world)).state is not State.DONE_BY_CYCLE

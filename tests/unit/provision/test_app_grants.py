"""A grant that Entra answered with success is compared with what the app itself shows."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, State
from hasten.errors import TemporaryError
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.fakes.directory import answer
from tests.support.app_revocations import WAKE, world_with
from tests.support.verifying import log, told
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user

JOINER = user(1)
NO_ANSWER = TemporaryError("no answer", timedelta(seconds=1))
RUN = 5 * 60


async def joined(group: str = ENGINEERING) -> World:
    """A joiner whose call Entra answered with success."""
    world = world_with()
    await world.is_discovered()
    if group == DIRECT:
        world.directory.grant(JOINER, kind="User")
    await world.joined(group, JOINER)
    await drain(world.context, WAKE)
    assert (await world.row(group, JOINER)).state is State.SUCCEEDED
    return world


@virtual
async def test_an_active_account_confirms_a_direct_grant_without_the_log() -> None:
    world = await joined(DIRECT)
    world.app.add(JOINER)

    await verify(world.context)

    row = await world.row(DIRECT, JOINER)
    assert row.state is State.CONFIRMED
    assert row.reason.startswith("the app itself says active at ")


@virtual
async def test_an_active_account_alone_proves_no_membership() -> None:
    world = await joined()
    world.app.add(JOINER)

    await verify(world.context)
    assert (await world.row(ENGINEERING, JOINER)).state is State.SUCCEEDED
    log(world, JOINER, "create")
    await verify(world.context)

    row = await world.row(ENGINEERING, JOINER)
    assert row.state is State.CONFIRMED
    assert row.reason.endswith("; the log shows the membership")


@virtual
async def test_a_membership_that_the_app_shows_confirms_the_grant_without_the_log() -> None:
    world = await joined()
    world.app.add(JOINER, groups=[ENGINEERING])

    await verify(world.context)

    row = await world.row(ENGINEERING, JOINER)
    assert row.state is State.CONFIRMED
    assert row.reason.endswith(", and shows the membership")


@virtual
async def test_a_membership_that_the_app_does_not_show_is_called_again_and_raises_one_alert() -> (
    None
):
    world = await joined()
    world.app.add(JOINER, groups=["everybody"])
    log(world, JOINER, "create")

    for _ in range(20):
        await verify(world.context)
        await drain(world.context, WAKE)
        await asyncio.sleep(RUN)

    row = await world.row(ENGINEERING, JOINER)
    assert row.state is State.SUCCEEDED
    assert row.reason.endswith("it shows the account active, and not in the group")
    assert told(world).count("grant_unproven") == 1
    assert world.results("alert") == ["grant_unproven"]
    assert len(world.directory.calls) == 2


@pytest.mark.parametrize("accounts", [0, 1])
@virtual
async def test_a_grant_that_the_app_does_not_show_is_tried_again_and_then_fails(
    accounts: int,
) -> None:
    world = await joined()
    for _ in range(accounts):
        world.app.add(JOINER, active=False)
    log(world, JOINER, "create")

    await verify(world.context)
    early = await world.row(ENGINEERING, JOINER)
    assert (early.state, early.contradicted) == (State.SUCCEEDED, 0)
    for _ in range(8):
        await asyncio.sleep(RUN)
        await verify(world.context)
        await asyncio.sleep(60)
        await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, JOINER)
    assert (row.state, row.reason) == (State.FAILED, "the app itself shows no active account")
    assert len(world.directory.calls) == 4
    assert told(world).count("grant_unproven") == 1


@virtual
async def test_an_account_that_comes_late_confirms_the_second_call() -> None:
    world = await joined(DIRECT)
    await asyncio.sleep(RUN)
    await verify(world.context)
    assert (await world.row(DIRECT, JOINER)).state is State.WAITING
    world.app.add(JOINER)
    await asyncio.sleep(60)
    await drain(world.context, WAKE)
    await verify(world.context)

    assert (await world.row(DIRECT, JOINER)).state is State.CONFIRMED
    assert "grant_unproven" not in told(world)


@pytest.mark.parametrize("since", ["left", "disabled"])
@virtual
async def test_nobody_is_called_again_who_is_not_assigned_any_more(since: str) -> None:
    world = await joined()
    world.app.add(JOINER, active=False)
    if since == "left":
        world.directory.leave(ENGINEERING, JOINER)
    else:
        world.directory.disable(JOINER)
    await asyncio.sleep(RUN)

    await verify(world.context)

    row = await world.row(ENGINEERING, JOINER)
    assert (row.state, row.contradicted) == (State.SUCCEEDED, 0)


@virtual
async def test_an_app_that_does_not_answer_delays_a_grant_by_an_hour_at_most() -> None:
    world = await joined()
    log(world, JOINER, "create")

    for _ in range(11):
        world.app.errors = [NO_ANSWER]
        await verify(world.context)
        await asyncio.sleep(RUN)
    assert (await world.row(ENGINEERING, JOINER)).state is State.SUCCEEDED
    for _ in range(3):
        world.app.errors = [NO_ANSWER]
        await verify(world.context)
        await asyncio.sleep(RUN)

    row = await world.row(ENGINEERING, JOINER)
    assert row.state is State.CONFIRMED
    assert row.reason == (
        "the provisioning log shows it; the app itself has not shown it: no answer"
    )


@virtual
async def test_a_grant_that_was_in_sync_is_shown_by_the_app_too() -> None:
    world = world_with()
    await world.is_discovered()
    world.directory.grant(JOINER, kind="User")
    world.directory.answers = lambda _: answer("Skipped", "RedundantExport", active=True)
    await world.joined(DIRECT, JOINER)
    await drain(world.context, WAKE)
    assert (await world.row(DIRECT, JOINER)).state is State.IN_SYNC
    world.app.add(JOINER)

    await verify(world.context)

    assert (await world.row(DIRECT, JOINER)).state is State.CONFIRMED


@virtual
async def test_leavers_are_asked_about_before_joiners() -> None:
    world = world_with(calls_per_minute=1)
    await world.is_discovered()
    leaver = user(9)
    world.directory.join(ENGINEERING, leaver)
    world.app.errors = [TemporaryError("no answer", timedelta(seconds=1))] * 9
    await world.left(ENGINEERING, leaver)
    await world.joined(ENGINEERING, JOINER)
    for _ in range(8):
        await drain(world.context, WAKE)
        await asyncio.sleep(60)
    assert (await world.row(ENGINEERING, leaver)).state is State.SUCCEEDED
    world.app.errors = []
    world.app.requests.clear()

    await verify(world.context)

    assert world.app.requests == [("find", leaver)]

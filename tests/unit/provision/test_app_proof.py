"""What Entra answered is compared with the app itself, where Hasten can read it."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.provision.app_proof import MOST_READ
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.scim import Scim
from hasten.targets import Target
from tests.support.verifying import log
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
SCIM = Scim.model_validate(
    {
        "url": "https://app.example/scim",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": {"app": "externalId", "entra": "id"},
        "calls_per_minute": 600,
    }
)
REFUSED = PermanentError("the app answered 401", "renew it")


async def called(*leavers: str) -> World:
    """Leavers whom Entra has disabled by a call, because the app refused Hasten then."""
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=SCIM))
    await world.is_discovered()
    world.directory.join(ENGINEERING, *leavers)
    await world.left(ENGINEERING, *leavers)
    world.app.errors = [REFUSED] * len(leavers)
    await drain(world.context, WAKE)
    world.app.errors = []
    for leaver in leavers:
        assert (await world.row(ENGINEERING, leaver)).state is State.SUCCEEDED
    return world


@virtual
async def test_an_inactive_account_confirms_the_call_without_the_log() -> None:
    world = await called(user(1))
    world.app.add(user(1), active=False)

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.CONFIRMED
    assert row.reason.startswith("the app itself says inactive at ")


@virtual
async def test_an_active_account_contradicts_the_answer_and_the_log() -> None:
    world = await called(user(1))
    world.app.add(user(1))
    log(world, user(1), "disable")

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.contradicted) == (State.WAITING, 1)
    assert row.reason == "the app itself shows the account active"
    await asyncio.sleep((row.due_at - row.found_at).total_seconds() + 5)
    await drain(world.context, WAKE)
    assert world.app.active(user(1)) == [False]


@virtual
async def test_an_account_without_a_clear_state_leaves_the_word_to_the_log() -> None:
    world = await called(user(1), user(2))
    world.app.add(user(1), active=None)
    for _ in range(2):
        world.app.add(user(2), active=False)
    log(world, user(1), "disable")

    await verify(world.context)

    confirmed, unproven = [await world.row(ENGINEERING, user(n)) for n in (1, 2)]
    assert (confirmed.state, confirmed.reason) == (State.CONFIRMED, "")
    assert unproven.state is State.SUCCEEDED


@pytest.mark.parametrize("error", [REFUSED, TemporaryError("no answer", timedelta(seconds=1))])
@virtual
async def test_an_app_that_does_not_answer_hinders_nobody(error: Exception) -> None:
    world = await called(user(1), user(2))
    for leaver in (user(1), user(2)):
        world.app.add(leaver, active=False)
        log(world, leaver, "disable")
    world.app.requests.clear()
    world.app.errors = [error]

    await verify(world.context)

    assert len(world.app.requests) == 1
    for leaver in (user(1), user(2)):
        assert (await world.row(ENGINEERING, leaver)).state is State.CONFIRMED


@virtual
async def test_what_the_cycle_did_is_seen_in_the_app() -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=SCIM))
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.disabled.add(user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.LEFT_TO_CYCLE
    world.app.add(user(1))

    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.LEFT_TO_CYCLE

    world.app.accounts.clear()
    world.app.add(user(1), active=False)
    await verify(world.context)
    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.DONE_BY_CYCLE
    assert row.reason.startswith("the app itself says inactive at ")


@virtual
async def test_a_grant_and_a_leaver_who_keeps_another_assignment_are_not_asked_about() -> None:
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=SCIM))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    world.directory.join(ADMIN, user(2))
    world.directory.join(ENGINEERING, user(2))
    world.app.add(user(2))
    await world.left(ENGINEERING, user(2))
    await drain(world.context, WAKE)

    await verify(world.context)

    assert world.app.writes == []
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED


@virtual
async def test_one_run_asks_about_a_few_people_only() -> None:
    leavers = [user(number) for number in range(MOST_READ + 10)]
    world = await called(*leavers)
    for leaver in leavers:
        world.app.add(leaver, active=False)
    world.app.requests.clear()

    await verify(world.context)
    assert len(world.app.requests) == MOST_READ

    await verify(world.context)
    states = {(await world.row(ENGINEERING, leaver)).state for leaver in leavers}
    assert states == {State.CONFIRMED}

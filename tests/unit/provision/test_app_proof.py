"""What Entra answered is compared with the app itself, where Hasten can read it."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.app_account import Found
from hasten.domain.changes import State
from hasten.domain.removal_settlement import not_taken
from hasten.errors import TemporaryError
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.scim import Scim
from hasten.targets import Target
from tests.fakes.application import FakeApplication
from tests.support.app_proof import (
    DELETES,
    REFUSED,
    SCIM,
    WAKE,
    called,
    in_sync,
)
from tests.support.verifying import log, told
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user


class Slow(FakeApplication):
    delay = 0.0

    async def find(self, value: str) -> Found:
        await asyncio.sleep(self.delay)
        return await super().find(value)


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


@pytest.mark.parametrize("shown", ["nothing said", "several", "none"])
@virtual
async def test_the_log_confirms_nothing_where_the_app_is_unclear(shown: str) -> None:
    world = await called(user(1))
    match shown:
        case "nothing said":
            world.app.add(user(1), active=None)
        case "several":
            for _ in range(2):
                world.app.add(user(1), active=False)
    log(world, user(1), "disable")

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.SUCCEEDED, True)
    assert row.reason.startswith("Entra ID has answered; the app itself has not shown it: ")


@pytest.mark.parametrize("error", [REFUSED, TemporaryError("no answer", timedelta(seconds=1))])
@virtual
async def test_an_app_that_does_not_answer_confirms_nobody_until_it_does(error: Exception) -> None:
    world = await called(user(1), user(2))
    for leaver in (user(1), user(2)):
        world.app.add(leaver, active=False)
        log(world, leaver, "disable")
    world.app.requests.clear()
    world.app.errors = [error]

    await verify(world.context)

    assert len(world.app.requests) == 1
    for leaver in (user(1), user(2)):
        row = await world.row(ENGINEERING, leaver)
        assert row.state is State.SUCCEEDED
        assert row.reason.endswith(str(getattr(error, "reason", "")))
    await verify(world.context)
    for leaver in (user(1), user(2)):
        assert (await world.row(ENGINEERING, leaver)).state is State.CONFIRMED


@virtual
async def test_an_app_that_shows_nothing_for_an_hour_raises_one_alert_and_no_claim() -> None:
    world = await called(user(1))
    log(world, user(1), "disable")

    for _ in range(11):
        await verify(world.context)
        await asyncio.sleep(5 * 60)
    assert "revocation_unproven" not in told(world)
    for _ in range(24 * 12):
        await verify(world.context)
        await asyncio.sleep(5 * 60)

    row = await world.row(ENGINEERING, user(1))
    assert told(world).count("revocation_unproven") == 1
    assert world.results("alert") == ["revocation_unproven"]
    assert (row.state, row.needs_proof) == (State.SUCCEEDED, False)
    assert row.next_action == "compare scim.match in targets.yaml with the account in the app"


@pytest.mark.parametrize(("logged", "scim"), [("delete", SCIM), ("disable", DELETES)])
@virtual
async def test_an_account_that_is_gone_confirms_what_entra_reports_too(
    logged: str, scim: Scim
) -> None:
    world = await called(user(1), scim=scim)
    log(world, user(1), logged)

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is State.CONFIRMED
    assert row.reason.startswith("the app itself shows no account any more at ")


@pytest.mark.parametrize("log_says", ["failure", "given"])
@virtual
async def test_an_account_that_no_match_finds_proves_nothing_while_entra_reports_it_alive(
    log_says: str,
) -> None:
    """The account may have another matching attribute, also in an app that deletes accounts."""
    world = await called(user(1), scim=DELETES)
    if log_says == "failure":
        log(world, user(1), "disable", "failure", "InsufficientRights")
    else:
        log(world, user(1), "enable")

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.contradicted) == (State.WAITING, 1)


@virtual
async def test_a_revocation_that_entra_did_not_carry_out_is_not_proven_by_a_missing_account() -> (
    None
):
    world = await called(user(1), scim=DELETES)
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move([row], lambda row: not_taken(row, now=world.now(), reason="active"))

    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.FAILED

    log(world, user(1), "disable")
    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.CONFIRMED


@pytest.mark.parametrize(
    ("shown", "ends"),
    [([], State.CONFIRMED), ([True], State.WAITING), ([False], State.CONFIRMED)],
)
@virtual
async def test_a_skip_of_entra_is_no_end_before_the_app_shows_it(
    shown: list[bool], ends: State
) -> None:
    """Entra's matching step finds no account. The app is refused while the call is made."""
    world = await in_sync(user(1))
    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.needs_proof) == (State.IN_SYNC, True)
    for active in shown:
        world.app.add(user(1), active=active)

    world.app.errors = [TemporaryError("no answer", timedelta(seconds=1))]
    await verify(world.context)
    assert (await world.row(ENGINEERING, user(1))).state is State.IN_SYNC
    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert row.state is ends


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
async def test_a_slow_app_is_asked_for_two_minutes_in_a_run_and_everybody_is_reached() -> None:
    app, leavers = Slow(), [user(number) for number in range(30)]
    world = await called(*leavers, app=app)
    app.delay = 14
    for leaver in leavers[15:]:
        app.add(leaver, active=False)
    longest = timedelta(0)

    for _ in range(24):
        began = world.now()
        await verify(world.context)
        longest = max(longest, world.now() - began)
        await asyncio.sleep(5 * 60)

    assert longest <= timedelta(seconds=140)
    rows = [await world.row(ENGINEERING, leaver) for leaver in leavers[15:]]
    assert {row.state for row in rows} == {State.CONFIRMED}


@virtual
async def test_one_run_asks_about_a_minute_of_people_and_the_next_about_others() -> None:
    """The first forty never have a clear answer, and delay nobody behind them."""
    leavers = [user(number) for number in range(60)]
    world = await called(*leavers, scim=SCIM.model_copy(update={"calls_per_minute": 20}))
    for leaver in leavers[40:]:
        world.app.add(leaver, active=False)
    world.app.requests.clear()

    for _ in range(8):
        before = len(world.app.requests)
        await verify(world.context)
        assert len(world.app.requests) - before <= 20
        await asyncio.sleep(5 * 60)

    states = {(await world.row(ENGINEERING, leaver)).state for leaver in leavers[40:]}
    assert states == {State.CONFIRMED}

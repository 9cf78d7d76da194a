"""Hasten takes access in the app itself while the app lies, fails, or asks to wait."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.app_account import AppAccount
from hasten.domain.changes import State
from hasten.errors import TemporaryError
from hasten.ports.application import AccessRefused, Throttled
from hasten.provision.drain import drain
from tests.fakes.application import FakeApplication
from tests.support.app_revocations import LEAVER, WAKE, has_left, row, world_with
from tests.support.crashing import Killed
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user


@virtual
async def test_an_app_that_lies_is_found_out_and_the_call_follows() -> None:
    world = world_with(FakeApplication(lies=True))
    await has_left(world, LEAVER)

    for _ in range(4):
        await drain(world.context, WAKE)
        await asyncio.sleep(60)

    assert set(world.results("app_revocation")) == {"still_active"}
    assert [call.users for call in world.directory.calls] == [(LEAVER,)]


@virtual
async def test_an_app_that_deletes_the_account_has_obeyed() -> None:
    world = world_with(FakeApplication(deletes=True), deactivation_is="deletes")
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    ended = await row(world)
    assert (ended.state, "no account any more" in ended.reason) == (State.CONFIRMED, True)


class ListsOnly(FakeApplication):
    """Answers a read of one account with 404, and shows the account in its list."""

    async def read(self, account: str) -> AppAccount | None:
        self.requests.append(("read", account))
        return None


@pytest.mark.parametrize(
    ("app", "result"),
    [
        (ListsOnly(), "confirmed"),
        (ListsOnly(lies=True), "still_active"),
        (ListsOnly(deletes=True), "confirmed"),
    ],
)
@virtual
async def test_a_404_after_the_write_is_no_proof_while_the_app_lists_the_account(
    app: FakeApplication, result: str
) -> None:
    world = world_with(app)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.results("app_revocation") == [result]
    assert ((await row(world)).state is State.CONFIRMED) is (result == "confirmed")


@virtual
async def test_a_404_after_the_write_is_no_proof_when_the_list_cannot_be_read() -> None:
    class Fails(ListsOnly):
        async def read(self, account: str) -> AppAccount | None:
            self.errors = [TemporaryError("the app answered 503", timedelta(seconds=15))]
            return await super().read(account)

    world = world_with(Fails())
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert ((await row(world)).state, world.results("app_revocation")) == (
        State.WAITING,
        ["unavailable"],
    )


@virtual
async def test_an_app_that_does_not_answer_is_tried_again_and_then_left_to_the_call() -> None:
    world = world_with()
    world.app.errors = [TemporaryError("the app answered 503", timedelta(seconds=15))] * 9
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)
    waits = await row(world)
    for _ in range(3):
        await asyncio.sleep(20)
        await drain(world.context, WAKE)

    assert (waits.state, waits.reason) == (State.WAITING, "the app answered 503")
    assert world.results("app_revocation") == ["unavailable"] * 4
    assert len(world.directory.calls) == 1


@virtual
async def test_a_refused_token_is_reported_once_and_everybody_is_called() -> None:
    world = world_with()
    world.app.errors = [AccessRefused("the app answered 401", "renew it")] * 9
    leavers = [user(n) for n in range(3)]
    await has_left(world, *leavers)

    await drain(world.context, WAKE)

    assert "not_usable" in world.results("app_revocation")
    assert {name for call in world.directory.calls for name in call.users} == set(leavers)
    assert world.app.writes == []


@virtual
async def test_a_429_holds_everybody_for_as_long_as_the_app_asks() -> None:
    world = world_with()
    world.app.errors = [Throttled("the app answered 429", timedelta(seconds=40))]
    leavers = [user(n) for n in range(5)]
    await has_left(world, *leavers)
    started = now()

    await drain(world.context, WAKE)
    await asyncio.sleep(60)
    await drain(world.context, WAKE)

    assert all(world.app.active(leaver) == [False] for leaver in leavers)
    first, *_ = [e for e in world.events if e.name == "app_revocation" and e.result == "confirmed"]
    assert first is not None
    assert now() - started >= timedelta(seconds=40)
    assert world.directory.calls == []


@virtual
async def test_people_are_served_at_the_pace_of_the_app_beside_the_calls() -> None:
    world = world_with(calls_per_minute=60)
    leavers = [user(n) for n in range(120)]
    await has_left(world, *leavers)
    await world.joined(ENGINEERING, user(900))
    started = now()

    await drain(world.context, WAKE)

    took = now() - started
    assert timedelta(seconds=118) <= took <= timedelta(seconds=125)
    assert len(world.app.writes) == 120
    [call] = world.directory.calls
    assert call.users == (user(900),)


@virtual
async def test_a_crash_after_the_write_is_repeated_and_writes_once() -> None:
    class Dies(FakeApplication):
        async def deactivate(self, account: str) -> None:
            await super().deactivate(account)
            raise Killed

    world = world_with(Dies())
    await has_left(world, LEAVER)
    with pytest.raises(Killed):
        await drain(world.context, WAKE)
    await asyncio.sleep(60)

    await drain(world.context, WAKE)

    assert len(world.app.writes) == 1
    assert (await row(world)).state is State.CONFIRMED

"""Access is taken in the app itself: for whom, how fast, and what proves it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.app_account import NoAccount
from hasten.domain.changes import PERSON, Action, Change, HeldBy, State, held
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Wake
from hasten.operate.stop import stop
from hasten.ports.application import Throttled
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.scim import Scim
from hasten.targets import Mode, Target
from tests.fakes.application import FakeApplication
from tests.fakes.directory import JOB
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

WAKE = Wake(target=TOTAL)
LEAVER = user(1)


def world_with(
    app: FakeApplication | None = None, *, mode: Mode | None = None, **scim: Any
) -> World:
    given = {
        "url": "https://app.example/scim",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": {"app": "externalId", "entra": "id"},
        "calls_per_minute": 600,
        **scim,
    }
    target = Target(name=TOTAL, display_name=TOTAL, mode=mode, scim=Scim.model_validate(given))
    return World(target=target, app=app or FakeApplication())


async def has_left(world: World, *leavers: str) -> None:
    await world.is_discovered()
    for leaver in leavers:
        world.directory.join(ENGINEERING, leaver)
        world.app.add(leaver)
    await world.left(ENGINEERING, *leavers)


async def row(world: World, leaver: str = LEAVER) -> Change:
    return await world.row(ENGINEERING, leaver)


@virtual
async def test_a_leaver_without_assignment_is_inactive_in_the_app_and_the_row_says_so() -> None:
    world = world_with()
    await has_left(world, LEAVER)
    bystander = world.app.add(user(2))

    await drain(world.context, WAKE)

    ended = await row(world)
    assert (world.app.active(LEAVER), world.app.active(user(2))) == ([False], [True])
    assert bystander not in world.app.writes
    assert world.directory.calls == []
    assert ended.state is State.CONFIRMED
    assert ended.finished_at is not None
    at = f"{ended.finished_at:%Y-%m-%d %H:%M:%S}Z"
    assert ended.reason == f"the app itself says inactive at {at}"
    assert not ended.needs_proof
    [outcome] = world.bus.of(PROVISIONING_OUTCOMES)
    assert outcome.body["data"]["result"] == "confirmed"


@pytest.mark.parametrize("how", ["disabled", "deleted"])
@virtual
async def test_a_user_who_is_out_of_reach_of_calls_is_reached_in_the_app(how: str) -> None:
    world = world_with()
    await has_left(world, LEAVER)
    if how == "disabled":
        world.directory.disable(LEAVER)
    else:
        world.directory.delete(LEAVER)

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.CONFIRMED


@pytest.mark.parametrize("action", [Action.DISABLED, Action.DELETED])
@virtual
async def test_the_row_of_a_persons_own_account_is_served_in_the_app(action: Action) -> None:
    """No group has changed: the user is disabled or deleted in Entra ID and still a member."""
    world = world_with()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.app.add(LEAVER)
    if action is Action.DISABLED:
        world.directory.disable(LEAVER)
    else:
        world.directory.delete(LEAVER)
    await world.ledger.record([found(PERSON, LEAVER, action, 1)])

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await world.row(PERSON, LEAVER)).state is State.CONFIRMED
    assert world.directory.calls == []


@virtual
async def test_a_person_who_is_enabled_again_keeps_the_account() -> None:
    world = world_with()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.app.add(LEAVER)
    await world.ledger.record([found(PERSON, LEAVER, Action.DISABLED, 1)])

    await drain(world.context, WAKE)

    assert world.app.writes == []


@virtual
async def test_all_rows_of_a_person_end_with_one_write() -> None:
    world = world_with()
    world.directory.join(ADMIN, LEAVER)
    await has_left(world, LEAVER)
    await world.left(ADMIN, LEAVER)

    await drain(world.context, WAKE)

    assert len(world.app.writes) == 1
    assert (await row(world)).state is State.CONFIRMED
    assert (await world.row(ADMIN, LEAVER)).state is State.CONFIRMED


@virtual
async def test_nothing_is_written_for_somebody_who_is_still_assigned() -> None:
    world = world_with()
    world.directory.join(ADMIN, LEAVER)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert world.results("direct") == ["still_assigned"]
    assert (await row(world)).state is State.WAITING


@virtual
async def test_graph_is_read_after_the_app_and_just_before_the_write() -> None:
    class Rejoins(FakeApplication):
        async def find(self, value: str) -> Any:
            found = await super().find(value)
            world.directory.join(ENGINEERING, LEAVER)
            world.directory.join(ADMIN, LEAVER)
            return found

    world = world_with(Rejoins())
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []


@virtual
async def test_an_account_that_is_inactive_already_is_not_written() -> None:
    world = world_with()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.app.add(LEAVER, active=False)
    await world.left(ENGINEERING, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert (await row(world)).state is State.CONFIRMED


@virtual
async def test_nobody_and_several_are_left_to_the_call_and_reported() -> None:
    world = world_with()
    await world.is_discovered()
    alone, twice = user(1), user(2)
    for leaver in (alone, twice):
        world.directory.join(ENGINEERING, leaver)
    for _ in range(2):
        world.app.add(twice)
    await world.left(ENGINEERING, alone, twice)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert sorted(world.results("direct")) == ["no_account", "several_accounts"]
    assert {call.users for call in world.directory.calls} == {(alone,), (twice,)}


@virtual
async def test_an_app_that_lies_is_found_out_and_the_call_follows() -> None:
    world = world_with(FakeApplication(lies=True))
    await has_left(world, LEAVER)

    for _ in range(4):
        await drain(world.context, WAKE)
        await asyncio.sleep(60)

    assert set(world.results("direct")) == {"still_active"}
    assert [call.users for call in world.directory.calls] == [(LEAVER,)]


@virtual
async def test_an_app_that_deletes_the_account_has_obeyed() -> None:
    world = world_with(FakeApplication(deletes=True), deactivation_is="deletes")
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    ended = await row(world)
    assert (ended.state, "no account any more" in ended.reason) == (State.CONFIRMED, True)


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
    assert world.results("direct") == ["unavailable"] * 4
    assert len(world.directory.calls) == 1


@virtual
async def test_a_refused_token_is_reported_once_and_everybody_is_called() -> None:
    world = world_with()
    world.app.errors = [PermanentError("the app answered 401", "renew it")] * 9
    leavers = [user(n) for n in range(3)]
    await has_left(world, *leavers)

    await drain(world.context, WAKE)

    assert "not_usable" in world.results("direct")
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
    first, *_ = [e for e in world.events if e.name == "direct" and e.result == "confirmed"]
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
async def test_observe_mode_writes_nothing_in_the_app() -> None:
    world = world_with(mode=Mode.OBSERVE)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.requests == []
    assert (await row(world)).state is State.HELD


@virtual
async def test_what_the_brake_holds_stays_active() -> None:
    world = world_with()
    await has_left(world, LEAVER)
    await world.ledger.move(
        [await row(world)],
        lambda one: held(one, HeldBy.BRAKE, reason="many", next_action="release"),
    )

    await drain(world.context, WAKE)

    assert world.app.requests == []


@virtual
async def test_a_stop_between_the_read_and_the_write_ends_it() -> None:
    class Stops(FakeApplication):
        async def find(self, value: str) -> Any:
            await stop(world.context, TOTAL, by="operator", reason="odd")
            await asyncio.sleep(2)
            return await super().find(value)

    world = world_with(Stops())
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert (await row(world)).is_open


@virtual
async def test_a_crash_after_the_write_is_repeated_and_writes_once() -> None:
    class Dies(FakeApplication):
        async def deactivate(self, account: str) -> None:
            await super().deactivate(account)
            raise RuntimeError("killed")

    world = world_with(Dies())
    await has_left(world, LEAVER)
    with pytest.raises(RuntimeError, match="killed"):
        await drain(world.context, WAKE)
    await asyncio.sleep(60)

    await drain(world.context, WAKE)

    assert len(world.app.writes) == 1
    assert (await row(world)).state is State.CONFIRMED


@virtual
async def test_a_deleted_user_is_matched_by_nothing_but_the_object_id() -> None:
    """Somebody else may have the name by now."""
    world = world_with(match={"app": "userName", "entra": "userPrincipalName"})
    await has_left(world, LEAVER)
    world.directory.delete(LEAVER)

    await drain(world.context, WAKE)

    assert world.app.requests == []
    assert world.results("direct") == ["no_value"]


@virtual
async def test_a_disabled_user_is_matched_by_the_name_that_graph_shows() -> None:
    world = world_with(match={"app": "userName", "entra": "userPrincipalName"})
    await has_left(world, LEAVER)
    world.app.add("ada@contoso.example")
    world.directory.change(LEAVER, userPrincipalName="ada@contoso.example")
    world.directory.disable(LEAVER)

    await drain(world.context, WAKE)

    assert world.app.active("ada@contoso.example") == [False]
    assert await world.app.find(user(5)) == NoAccount()


@virtual
async def test_a_job_in_quarantine_does_not_keep_a_leaver_in() -> None:
    """The job provisions nothing then, neither by call nor by cycle."""
    world = world_with()
    status = {"code": "Quarantine", "quarantine": {"reason": "EncounteredQuarantineException"}}
    world.directory.job_list = [{"id": JOB, "status": status}]
    await has_left(world, LEAVER)
    await world.joined(ENGINEERING, user(900))

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.CONFIRMED
    assert (await world.row(ENGINEERING, user(900))).state is State.WAITING

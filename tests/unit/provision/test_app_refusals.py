"""An app that refuses some people, or everybody: whom it serves is not delayed, and whom it refuses
is not forgotten."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from hasten.domain.app_account import Found, NotFound
from hasten.domain.app_condition import MAX_REFUSED_IN_A_ROW
from hasten.domain.changes import State
from hasten.errors import PermanentError
from hasten.ports.application import AccessRefused
from hasten.ports.directory_values import Profile
from hasten.provision.app_revocations import PEOPLE_AT_ONCE
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.provision.wait_for_app import APP_PAUSE, MAX_REFUSED_WAIT
from tests.fakes.application import FakeApplication
from tests.support.app_revocations import WAKE, has_left, row, world_with
from tests.support.verifying import told
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user

OWNER, OTHERS = user(0), [user(n) for n in range(1, 5)]
MUST_NOT = PermanentError("the app answered 403", "disable the account in the app")


@dataclass
class Protects(FakeApplication):
    """Refuses to disable these people, or with `hides` to search for them."""

    protected: set[str] = field(default_factory=set)
    hides: bool = False
    error: PermanentError = MUST_NOT

    async def find(self, value: str) -> Found:
        found = await super().find(value)
        if self.hides and value in self.protected:
            raise self.error
        return found

    async def deactivate(self, account: str) -> None:
        if self.accounts[account][0] in self.protected:
            self.requests.append(("refused", account))
            raise self.error
        await super().deactivate(account)


def works_out_of_reach(world: World, *people: str) -> None:
    for one in people:
        world.directory.disable(one)


async def works(world: World, time: timedelta) -> None:
    """The timers `wake` and `verify` at their times."""
    for minute in range(int(time / timedelta(minutes=1))):
        await drain(world.context, WAKE)
        if minute % 5 == 0:
            await verify(world.context)
        await asyncio.sleep(60)


@pytest.mark.parametrize("hides", [False, True])
@virtual
async def test_one_person_whom_the_app_refuses_delays_no_other(*, hides: bool) -> None:
    app = Protects(protected={OWNER}, hides=hides)
    world = world_with(app)
    await has_left(world, OWNER, *OTHERS)
    works_out_of_reach(world, OWNER, *OTHERS)

    await drain(world.context, WAKE)

    assert all(app.active(one) == [False] for one in OTHERS)
    assert (await row(world, OWNER)).state is State.WAITING
    assert (await row(world, OWNER)).next_action == "disable the account in the app"
    assert "not_usable" not in world.results("app_revocation")


@virtual
async def test_a_person_within_reach_whom_the_app_refuses_is_called() -> None:
    app = Protects(protected={OWNER})
    world = world_with(app)
    await has_left(world, OWNER, *OTHERS)

    await drain(world.context, WAKE)

    assert all(app.active(one) == [False] for one in OTHERS)
    assert [call.users for call in world.directory.calls] == [(OWNER,)]


@virtual
async def test_graph_that_refuses_to_show_one_person_delays_no_other() -> None:
    world = world_with(match={"app": "userName", "entra": "userPrincipalName"})

    async def profile(person: str, properties: Sequence[str]) -> Profile | None:
        if person == OWNER:
            raise PermanentError("Graph answered 400", "report it")
        return Profile(enabled=True, values=dict.fromkeys(properties, person))

    world.directory.profile = profile  # type: ignore[assignment,method-assign]
    await has_left(world, OWNER, *OTHERS)

    await drain(world.context, WAKE)

    assert all(world.app.active(one) == [False] for one in OTHERS)
    assert "not_usable" not in world.results("app_revocation")


@virtual
async def test_the_app_is_asked_again_every_five_minutes_until_it_takes_the_access() -> None:
    app = Protects(protected={OWNER})
    world = world_with(app)
    await has_left(world, OWNER)
    works_out_of_reach(world, OWNER)

    await works(world, timedelta(minutes=21))
    tries = app.requests.count(("refused", "account-0"))
    app.protected.clear()
    await works(world, APP_PAUSE)

    assert tries == 5
    assert (await row(world, OWNER)).state is State.CONFIRMED
    assert app.active(OWNER) == [False]


@virtual
async def test_a_refusal_that_stays_ends_in_an_alert_and_never_as_done() -> None:
    app = Protects(protected={OWNER})
    world = world_with(app)
    await has_left(world, OWNER)
    works_out_of_reach(world, OWNER)

    await works(world, MAX_REFUSED_WAIT + timedelta(minutes=10))
    left = await row(world, OWNER)
    await works(world, timedelta(hours=16))

    assert left.state is State.LEFT_TO_CYCLE
    assert left.reason.endswith("; the app answered 403")
    ended = await row(world, OWNER)
    assert (ended.state, app.active(OWNER)) == (State.FAILED, [True])
    assert {"revocation_overdue", "revocation_not_taken"} <= set(told(world))


@virtual
async def test_many_refused_people_do_not_keep_a_new_one_waiting_for_ever() -> None:
    protected = [user(n) for n in range(20, 20 + 3 * MAX_REFUSED_IN_A_ROW)]
    app = Protects(protected=set(protected))
    world = world_with(app)
    await has_left(world, *protected)
    works_out_of_reach(world, *protected)
    await works(world, timedelta(minutes=5))

    await has_left(world, *OTHERS)
    works_out_of_reach(world, *OTHERS)
    await works(world, 4 * APP_PAUSE)

    assert all(app.active(one) == [False] for one in OTHERS)


@virtual
async def test_a_token_without_the_right_to_disable_is_found_out_and_everybody_is_called() -> None:
    leavers = [user(n) for n in range(80)]
    app = Protects(protected=set(leavers))
    world = world_with(app)
    await has_left(world, *leavers)

    await drain(world.context, WAKE)

    assert len([r for r in app.requests if r[0] == "refused"]) >= MAX_REFUSED_IN_A_ROW
    assert len({about for what, about in app.requests if what == "find"}) <= 2 * PEOPLE_AT_ONCE
    assert world.results("app_revocation").count("not_usable") == 1
    assert {name for call in world.directory.calls for name in call.users} == set(leavers)


@virtual
async def test_people_out_of_reach_are_taken_as_soon_as_the_token_is_renewed() -> None:
    people = [user(n) for n in range(60)]
    app = Protects(
        protected=set(people), hides=True, error=AccessRefused("the app answered 401", "renew it")
    )
    world = world_with(app)
    await has_left(world, *people)
    works_out_of_reach(world, *people)

    await drain(world.context, WAKE)
    asked, first = len(app.requests), [await row(world, one) for one in people]
    app.protected.clear()
    await works(world, APP_PAUSE + timedelta(minutes=1))

    assert asked <= PEOPLE_AT_ONCE
    assert {(one.state, one.reason) for one in first} == {(State.WAITING, "the app answered 401")}
    assert world.results("app_revocation").count("not_usable") == 1
    assert all(app.active(one) == [False] for one in people)
    assert world.directory.calls == []


@pytest.mark.parametrize("within_reach", [True, False])
@virtual
async def test_a_search_answered_with_404_is_left_to_entra_and_confirms_nothing(
    *, within_reach: bool
) -> None:
    class Searches404(FakeApplication):
        async def find(self, value: str) -> Found:
            found = await super().find(value)
            return NotFound() if value in missing else found

    missing = {user(n) for n in range(2 * MAX_REFUSED_IN_A_ROW)}
    world = world_with(Searches404(), deactivation_is="deletes")
    await has_left(world, *missing, user(50))
    if not within_reach:
        works_out_of_reach(world, *missing)

    await drain(world.context, WAKE)
    await verify(world.context)

    left = State.SUCCEEDED if within_reach else State.LEFT_TO_CYCLE
    assert {(await row(world, one)).state for one in missing} == {left}
    assert world.app.active(user(50)) == [False]


@pytest.mark.parametrize(("refused", "read"), [(1, 8), (MAX_REFUSED_IN_A_ROW, 0)])
@virtual
async def test_the_reading_of_accounts_stops_only_when_the_app_refuses_many(
    refused: int, read: int
) -> None:
    leavers = [user(n) for n in range(refused + 8)]
    app = Protects()
    world = world_with(app)
    await has_left(world, *leavers)
    app.error, app.hides = AccessRefused("the app answered 401", "renew it"), True
    app.protected = set(leavers)
    await drain(world.context, WAKE)
    app.error, app.protected = MUST_NOT, set(leavers[:refused])
    app.accounts = {
        id_: (one, replace(shown, active=False)) for id_, (one, shown) in app.accounts.items()
    }

    await verify(world.context)

    states = [(await world.row(ENGINEERING, one)).state for one in leavers]
    assert states.count(State.CONFIRMED) >= read
    assert states.count(State.CONFIRMED) <= 8

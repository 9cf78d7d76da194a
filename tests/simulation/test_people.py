"""People whose own accounts change, in the whole of Hasten on virtual time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

import pytest

from emulator.engine.app import Account
from emulator.engine.scope import profile
from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.objects import Entity
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from hasten.domain.changes import OWN_ACCOUNT, Action, Change, State
from tests.simulation.defaults import USERS
from tests.simulation.faults import Rates
from tests.simulation.test_simulation import STORM
from tests.simulation.world import World, simulated
from tests.support.virtual_time import virtual

ADA = object_id("user/100")
HIDING = EntraBehaviours.kind(account_enabled_untracked=True, restore_hidden=True)
CYCLE = timedelta(minutes=45)


@asynccontextmanager
async def watched(
    rates: Rates | None = None, entra: EntraBehaviours | None = None
) -> AsyncIterator[World]:
    """A world that knows the people of its target."""
    options = GraphOptions(users=USERS, entra=entra or EntraBehaviours.kind())
    async with simulated(graph=options) as world:
        await world.hosts[0].fire("look")
        await world.until(world.is_quiet)
        if rates is not None:
            world.faults.rates = rates
        yield world


def account(world: World) -> Account:
    return world.tenant.targets[TOTAL].app.accounts[ADA]


async def own_row(world: World) -> Change:
    [row] = [row for row in await world.rows() if row.is_of_person]
    return row


@virtual
async def test_a_changed_title_is_in_the_app_within_seconds() -> None:
    async with watched() as world:
        world.tenant.directory.update(world.tenant.directory.users[ADA], {"jobTitle": "Captain"})

        took = await world.until(lambda: account(world).profile.get("jobTitle") == "Captain")

        assert took < 10
        assert (await own_row(world)).action is Action.UPDATED
        assert [call.group for call in world.to_graph.calls] == [None]


@pytest.mark.parametrize("action", [Action.DISABLED, Action.DELETED])
def test_who_is_out_has_a_row_at_once_and_the_cycle_ends_it(action: Action) -> None:
    @virtual
    async def scenario() -> None:
        async with watched() as world:
            change = world.admin.disable if action is Action.DISABLED else world.admin.delete
            change(ADA)
            await world.passes(timedelta(seconds=30))
            row = await own_row(world)
            await world.passes(CYCLE)
            ended = await own_row(world)

            assert (row.group, row.action, row.state) == (OWN_ACCOUNT, action, State.LEFT_TO_CYCLE)
            assert row.noticed_at < row.found_at + timedelta(seconds=5)
            assert (ended.state, account(world).active) == (State.DONE_BY_CYCLE, False)
            assert world.to_graph.calls == []

    scenario()


@pytest.mark.parametrize("action", [Action.ENABLED, Action.RESTORED])
def test_who_is_back_has_everything_again_within_seconds(action: Action) -> None:
    @virtual
    async def scenario() -> None:
        async with watched() as world:
            out, back = {
                Action.ENABLED: (world.admin.disable, world.admin.enable),
                Action.RESTORED: (world.admin.delete, world.admin.restore),
            }[action]
            out(ADA)
            await world.passes(CYCLE)
            assert not account(world).active

            back(ADA)
            took = await world.until(world.is_in_step)

            assert took < 10
            assert account(world).groups == {TOTAL_ENGINEERING}
            assert (await own_row(world)).action is action

    scenario()


@virtual
async def test_without_notifications_the_timer_finds_it_within_its_period() -> None:
    async with watched(Rates(notification_dropped=1.0)) as world:
        world.tenant.directory.update(world.tenant.directory.users[ADA], {"jobTitle": "Captain"})

        took = await world.until(lambda: account(world).profile.get("jobTitle") == "Captain")

        assert took < timedelta(minutes=6).total_seconds()


@virtual
async def test_what_notification_and_delta_both_hide_is_found_within_the_hour() -> None:
    async with watched(Rates(notification_dropped=1.0), HIDING) as world:
        world.admin.disable(ADA)
        await world.passes(timedelta(minutes=20))
        before = [row for row in await world.rows() if row.is_of_person]
        await world.passes(timedelta(minutes=50))

        assert before == []
        assert (await own_row(world)).action is Action.DISABLED


@virtual
async def test_the_tenant_at_large_costs_no_request_and_no_row() -> None:
    async with watched() as world:
        stranger = world.tenant.directory.users[object_id("user/290")]
        before = sum(world.tenant.journal.by_path.values())
        for number in range(20):
            world.tenant.directory.update(stranger, {"jobTitle": f"Title {number}"})
            await world.passes(timedelta(seconds=2))

        reads = {
            path: count
            for path, count in world.tenant.journal.by_path.items()
            if path.startswith("GET /users")
        }
        assert reads == {"GET /users/delta": reads["GET /users/delta"]}
        assert sum(world.tenant.journal.by_path.values()) - before < 20
        assert await world.rows() == []


def change_something(world: World, user: Entity, random: Random, title: str) -> None:
    """Brings somebody back who is out; else disables them, deletes them, or gives them a title."""
    if user.deleted_at is not None:
        world.admin.restore(user.id)
    elif not user.is_enabled:
        world.admin.enable(user.id)
    else:
        match random.choice(("disable", "delete", "update")):
            case "disable":
                world.admin.disable(user.id)
            case "delete":
                world.admin.delete(user.id)
            case _:
                world.tenant.directory.update(user, {"jobTitle": title})


def other_profiles(world: World) -> list[str]:
    """Active people whose profile in the app is not that of the directory."""
    accounts, users = world.tenant.targets[TOTAL].app.accounts, world.tenant.directory.users
    return [
        user for user, one in accounts.items() if one.active and one.profile != profile(users[user])
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_after_a_storm_profiles_and_access_are_those_of_the_directory(seed: int) -> None:
    @virtual
    async def scenario() -> None:
        random = Random(f"{seed} people")
        people = [object_id(f"user/{number}") for number in range(100, 130)]
        async with watched(STORM, EntraBehaviours.mixed(random)) as world:
            directory = world.tenant.directory
            for number in range(40):
                user = directory.users[random.choice(people)]
                change_something(world, user, random, f"Title {number}")
                await world.passes(timedelta(seconds=random.expovariate(1 / 10)))
            world.calm()
            await world.passes(CYCLE)

            assert world.is_in_step(), await world.report()
            assert other_profiles(world) == []
            rows = [row for row in await world.rows() if row.is_of_person]
            assert [row for row in rows if row.is_open or not (row.reason or row.answer)] == []
            assert {row.user for row in rows} <= set(people)

    scenario()

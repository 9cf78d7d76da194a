"""How calls on demand and cycles behave under each named behaviour of Entra."""

from collections.abc import Callable

import pytest

from emulator.engine import cycle
from emulator.engine.app import By
from emulator.engine.on_demand import Code, Outcome, provision_group, provision_user
from emulator.engine.scope import Entitlement
from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.objects import Entity
from tests.unit.emulator.engine_world import World

Given = Callable[..., World]


@pytest.fixture
def given() -> Given:
    """A world with behaviours, as `given(skip_out_of_scope=True)`."""

    def made(**behaviours: object) -> World:
        world = World()
        world.scope.switches.now = EntraBehaviours.kind(**behaviours)
        return world

    return made


def leaver(world: World) -> Entity:
    """With an active account, and without an assignment."""
    ada = world.member("ada")
    cycle.run(world.app, world.scope, By.SEED)
    world.directory.remove_member(world.group, ada.id)
    return ada


def call_user(world: World, user: Entity) -> Outcome:
    return provision_user(world.app, world.scope, user)


@pytest.mark.parametrize("behaviour", ["skip_out_of_scope", "no_delete_flow"])
def test_a_leaver_is_skipped_as_not_entitled_and_stays_active_through_the_cycle(
    given: Given, behaviour: str
) -> None:
    world = given(**{behaviour: True})
    ada = leaver(world)

    outcome = call_user(world, ada)
    cycle.run(world.app, world.scope)

    assert outcome.code is Code.NOT_ENTITLED
    assert outcome.entitlement == Entitlement(is_active=True, assigned=False)
    assert outcome.matched is not None
    assert outcome.matched.active
    account = world.app.accounts[ada.id]
    assert (account.active, account.groups) == (True, set())


def test_a_disabled_user_in_scope_is_disabled_by_the_cycle_though_the_scope_is_skipped(
    given: Given,
) -> None:
    world = given(skip_out_of_scope=True)
    ada = world.member("ada")
    cycle.run(world.app, world.scope, By.SEED)
    world.directory.update(ada, {"accountEnabled": False})

    cycle.run(world.app, world.scope)

    assert not world.app.accounts[ada.id].active


def test_without_the_delete_flow_an_account_outlives_its_user(given: Given) -> None:
    world = given(no_delete_flow=True)
    ada = leaver(world)
    world.directory.delete(ada)
    world.directory.purge(ada.id)

    cycle.run(world.app, world.scope)

    assert world.app.accounts[ada.id].active


def test_without_the_update_flow_no_account_changes_once_it_is_made(given: Given) -> None:
    world = given(no_update_flow=True)
    ada, amir = leaver(world), world.member("amir")

    assert call_user(world, amir).code is Code.SUCCESS
    assert call_user(world, amir).code is Code.REDUNDANT
    world.directory.update(amir, {"displayName": "Amir H."})

    assert call_user(world, amir).code is Code.ACTION_OFF
    assert call_user(world, ada).code is Code.ACTION_OFF
    cycle.run(world.app, world.scope)
    assert world.app.accounts[ada.id].active
    assert world.app.accounts[amir.id].profile["displayName"] == "amir"
    assert world.app.accounts[amir.id].groups == {world.group.id}


def test_without_a_mapping_of_active_a_leaver_is_answered_as_in_step(given: Given) -> None:
    world = given(no_active_mapping=True)
    ada = leaver(world)

    code = call_user(world, ada).code
    cycle.run(world.app, world.scope)

    assert code is Code.REDUNDANT
    assert world.app.accounts[ada.id].active


def test_nobody_leaves_a_scope_that_takes_in_everybody(given: Given) -> None:
    world = given(sync_all=True)
    ada = leaver(world)
    stranger = world.new_user("stranger")

    outcome = call_user(world, ada)
    cycle.run(world.app, world.scope)

    assert outcome.code is Code.REDUNDANT
    assert not outcome.entitlement.assigned
    assert world.app.accounts[ada.id].active
    assert world.app.accounts[stranger.id].active


def test_a_group_call_leaves_a_former_member_to_the_cycle(given: Given) -> None:
    world = given(members_not_removed=True)
    ada = leaver(world)
    world.assign(ada)

    outcome = provision_group(world.app, world.scope, world.group, (ada,))
    after_the_call = set(world.app.accounts[ada.id].groups)
    cycle.run(world.app, world.scope)

    assert outcome.code is Code.REDUNDANT
    assert after_the_call == {world.group.id}
    assert world.app.accounts[ada.id].groups == set()


def test_an_unassigned_user_counts_as_assigned_until_the_lag_is_over(given: Given) -> None:
    world = given(assignment_lag=45.0)
    ada = world.new_user("ada")
    world.assign(ada)
    world.now += 60
    assert call_user(world, ada).code is Code.SUCCESS
    [assignment] = [a for a in world.assignments if a.principal is ada]
    world.assignments.remove(assignment.id)

    early = call_user(world, ada)
    world.now += 45
    late = call_user(world, ada)

    assert (early.code, early.entitlement.assigned) == (Code.REDUNDANT, True)
    assert (late.code, late.action) == (Code.SUCCESS, "Disable")


def test_an_assigned_user_does_not_count_until_the_lag_is_over(given: Given) -> None:
    world = given(assignment_lag=45.0)
    ada = world.new_user("ada")
    world.assign(ada)

    early = call_user(world, ada)
    world.now += 45
    late = call_user(world, ada)

    assert (early.code, early.entitlement.assigned) == (Code.NOT_ENTITLED, False)
    assert (late.code, late.action) == (Code.SUCCESS, "Create")


def test_memberships_lag_with_the_assignments(given: Given) -> None:
    world = given(assignment_lag=45.0)
    leaves = world.member("leaves")
    world.now += 60
    provision_group(world.app, world.scope, world.group, (leaves,))
    world.directory.remove_member(world.group, leaves.id)
    joins = world.member("joins")

    early = provision_group(world.app, world.scope, world.group, (joins,)).code
    still = call_user(world, leaves).code
    world.now += 45

    assert (early, still) == (Code.REDUNDANT, Code.REDUNDANT)
    assert joins.id not in world.app.accounts
    assert provision_group(world.app, world.scope, world.group, (joins,)).code is Code.SUCCESS
    assert call_user(world, leaves).action == "Disable"

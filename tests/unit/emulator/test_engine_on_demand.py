"""What calls on demand and cycles do to the accounts of an app."""

import pytest

from emulator.engine import cycle
from emulator.engine.app import By
from emulator.engine.on_demand import Code, provision_group
from tests.unit.emulator.engine_world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_group_call_gives_access_to_the_members_it_names_and_to_no_other(world: World) -> None:
    ada, amir = world.member("ada"), world.member("amir")

    code = world.call_group(ada)

    assert code is Code.SUCCESS
    assert world.app.accounts[ada.id].groups == {world.group.id}
    assert amir.id not in world.app.accounts


def test_a_group_call_takes_the_access_of_a_named_user_who_left(world: World) -> None:
    ada = world.member("ada")
    world.call_group(ada)
    world.directory.remove_member(world.group, ada.id)

    code = world.call_group(ada)

    assert code is Code.SUCCESS
    assert world.app.accounts[ada.id].groups == set()


def test_a_second_group_call_finds_everything_in_step(world: World) -> None:
    ada = world.member("ada")
    world.call_group(ada)

    assert world.call_group(ada) is Code.REDUNDANT


def test_a_group_that_is_not_assigned_is_not_entitled(world: World) -> None:
    other = world.new_group("Other")

    outcome = provision_group(world.app, world.scope, other, ())

    assert outcome.code is Code.NOT_ENTITLED
    assert not outcome.entitlement.assigned


def test_one_disabled_member_spoils_the_verdict_but_not_the_others_access(world: World) -> None:
    ada, amir = world.member("ada"), world.member("amir")
    world.directory.update(amir, {"accountEnabled": False})

    outcome = provision_group(world.app, world.scope, world.group, (ada, amir))

    assert outcome.code is Code.NOT_ENTITLED
    assert not outcome.entitlement.is_active
    assert world.app.accounts[ada.id].groups == {world.group.id}
    assert amir.id not in world.app.accounts


def test_the_answer_to_a_group_call_lists_the_result_of_each_member(world: World) -> None:
    new, known, left, disabled = (world.member(n) for n in ("new", "known", "left", "disabled"))
    world.call_group(known, left)
    world.directory.remove_member(world.group, left.id)
    world.directory.update(disabled, {"accountEnabled": False})

    outcome = provision_group(world.app, world.scope, world.group, (new, known, left, disabled))

    assert [(o.subject, o.code, o.action) for o in outcome.members] == [
        (new, Code.SUCCESS, "Create"),
        (known, Code.REDUNDANT, "Other"),
        (left, Code.SUCCESS, "Update"),
        (disabled, Code.NOT_ENTITLED, "Other"),
    ]


def test_a_user_call_creates_the_account_without_the_access_of_the_group(world: World) -> None:
    ada = world.member("ada")

    code = world.call_user(ada)

    assert code is Code.SUCCESS
    assert world.app.accounts[ada.id].active
    assert world.app.accounts[ada.id].groups == set()


def test_a_user_call_disables_the_account_of_a_user_no_longer_assigned(world: World) -> None:
    ada = world.member("ada")
    world.call_group(ada)
    world.directory.remove_member(world.group, ada.id)

    code = world.call_user(ada)

    assert code is Code.SUCCESS
    assert not world.app.accounts[ada.id].active


def test_a_user_call_for_someone_never_assigned_changes_nothing(world: World) -> None:
    assert world.call_user(world.new_user("ada")) is Code.NOT_ENTITLED
    assert world.app.accounts == {}


def test_users_disabled_in_the_directory_are_out_of_reach_on_demand(world: World) -> None:
    ada = world.member("ada")
    world.call_group(ada)
    world.directory.update(ada, {"accountEnabled": False})

    code = world.call_user(ada)

    assert code is Code.NOT_ENTITLED
    assert world.app.accounts[ada.id].active


def test_a_group_call_enables_an_account_again(world: World) -> None:
    ada = world.member("ada")
    world.call_group(ada)
    world.directory.remove_member(world.group, ada.id)
    world.call_user(ada)
    world.directory.add_members(world.group, [ada.id])

    code = world.call_group(ada)

    assert code is Code.SUCCESS
    assert world.app.accounts[ada.id].active


def test_an_assignment_counts_only_once_it_is_replicated(world: World) -> None:
    world.replica.delay = 60
    ada = world.new_user("ada")
    world.assign(ada)

    too_early = world.call_user(ada)
    world.now += 60

    assert too_early is Code.NOT_ENTITLED
    assert world.call_user(ada) is Code.SUCCESS


def test_members_of_a_nested_group_get_nothing(world: World) -> None:
    nested, ada = world.new_group("Nested"), world.new_user("ada")
    world.directory.add_members(nested, [ada.id])
    world.directory.add_members(world.group, [nested.id])

    cycle.run(world.app, world.scope)

    assert world.app.accounts == {}
    assert world.call_user(ada) is Code.NOT_ENTITLED


def test_a_cycle_brings_every_account_in_step(world: World) -> None:
    stays, leaves, disabled = (world.member(name) for name in ("stays", "leaves", "disabled"))
    cycle.run(world.app, world.scope, By.SEED)
    world.directory.remove_member(world.group, leaves.id)
    world.directory.update(disabled, {"accountEnabled": False})
    joins = world.member("joins")

    exports = cycle.run(world.app, world.scope)

    assert {(e.user, e.action) for e in exports} == {
        (joins.id, "Create"),
        (leaves.id, "Disable"),
        (disabled.id, "Disable"),
    }
    in_app = {user for user, account in world.app.accounts.items() if account.active}
    assert in_app == {stays.id, joins.id}
    assert cycle.run(world.app, world.scope) == []


def test_a_cycle_deletes_the_account_of_a_user_deleted_for_good(world: World) -> None:
    ada = world.member("ada")
    cycle.run(world.app, world.scope)
    world.directory.delete(ada)
    world.directory.purge(ada.id)

    cycle.run(world.app, world.scope)

    assert ada.id not in world.app.accounts

"""Groups that events know by name: found, or made once, and assigned with the right role."""

from uuid import UUID

import pytest

from hasten.domain.changes import Action
from hasten.domain.intents import Wanted
from hasten.policy import Creation, GroupPolicy
from hasten.ports.directory_errors import AlreadyExists, NotYet
from hasten.targets import Target
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, user

NAME = "TOTAL - Design"
OWNER = "0000dddd-0000-4000-8000-000000000001"
TWO_ROLES = [
    {"id": "role-user", "value": "user", "displayName": "User", "allowedMemberTypes": ["User"]},
    {"id": "role-admin", "value": "adm", "displayName": "Admin", "allowedMemberTypes": ["User"]},
]


async def world_with(*groups: GroupPolicy, roles: object = ()) -> Onboarding:
    world = Onboarding(target=Target(name=TOTAL, display_name=TOTAL, groups=groups))
    world.directory.principals[0] = {**world.directory.principals[0], "appRoles": roles}
    await world.is_discovered()
    world.directory.has_user(user(1))
    return world


@virtual
async def test_a_group_that_does_not_exist_is_made_filled_and_assigned() -> None:
    world = await world_with(GroupPolicy(name="*", create=Creation()), roles=TWO_ROLES)
    await world.wants("", user(1), name=NAME, description="Designers", owners=[OWNER])

    await world.ensures()

    [made] = await world.directory.groups_named(NAME)
    group = str(made["id"])
    assert made["description"] == "Designers"
    assert made["owners@odata.bind"] == [OWNER]
    assert await world.members(group) == {user(1)}
    assert world.given(group) == ["role-user"]
    row = await world.ledger.find(TOTAL, group, user(1))
    assert row is not None
    assert row.action is Action.ADDED
    assert world.directory.writes == {"create_group": 1, "add_members": 1, "assign": 1}


@virtual
async def test_a_group_of_that_name_is_taken_whatever_its_case() -> None:
    world = await world_with()
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", "total - DESIGN")
    await world.wants("", user(1), name=NAME)

    await world.ensures()

    assert await world.members("0000bbbb-0000-4000-a000-000000000001") == {user(1)}
    assert "create_group" not in world.directory.writes


@virtual
async def test_two_groups_of_that_name_are_refused_with_their_ids() -> None:
    world = await world_with()
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", NAME)
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000002", NAME)
    await world.wants("", user(1), name=NAME)

    await world.ensures()

    assert world.told() == [(user(1), "rejected")]
    ids = "0000bbbb-0000-4000-a000-000000000001, 0000bbbb-0000-4000-a000-000000000002"
    assert ids in world.reasons()[0]
    assert not world.directory.writes


@virtual
async def test_a_missing_group_that_nobody_describes_is_refused() -> None:
    world = await world_with()
    await world.wants("", user(1), name=NAME, role="User")
    await world.wants("", user(2), name=NAME, wanted=Wanted.ABSENT)
    await world.wants("", user(3), name=NAME, wanted=Wanted.IN_STEP)

    await world.ensures()

    assert set(world.told()) == {
        (user(1), "rejected"),
        (user(2), "in_sync"),
        (user(3), "rejected"),
    }
    assert not world.directory.writes


@virtual
async def test_the_policy_that_names_a_group_says_how_it_is_made() -> None:
    creation = Creation(description="As the policy says", owners=(UUID(OWNER),))
    policy = GroupPolicy(name=NAME, role="Admin", create=creation)
    world = await world_with(policy, roles=TWO_ROLES)
    await world.wants("", user(1), name=NAME, description="As the event says", role="User")

    await world.ensures()

    [made] = await world.directory.groups_named(NAME)
    assert made["description"] == "As the policy says"
    assert world.given(str(made["id"])) == ["role-admin"]


@virtual
async def test_an_event_that_describes_a_group_goes_before_a_policy_with_wildcards() -> None:
    policy = GroupPolicy(name="TOTAL - *", create=Creation(description="Made by Hasten"))
    world = await world_with(policy)
    await world.wants("", user(1), name=NAME, description="As the event says")
    await world.wants("", user(1), name="TOTAL - Sales")

    await world.ensures()

    described = [group["description"] for group in world.directory.group_objects.values()]
    assert sorted(described) == ["As the event says", "Made by Hasten"]


@virtual
async def test_a_role_the_app_does_not_have_is_refused_before_anything_is_added() -> None:
    world = await world_with(roles=TWO_ROLES)
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", NAME)
    await world.wants("0000bbbb-0000-4000-a000-000000000001", user(1), role="Wizard")

    await world.ensures()

    assert world.told() == [(user(1), "rejected")]
    assert "adm, user" in world.reasons()[0]
    assert not world.directory.writes


@virtual
async def test_the_group_has_an_outcome_once_it_exists_and_is_assigned() -> None:
    world = await world_with()
    await world.wants("", name=NAME, wanted=Wanted.GROUP)
    await world.ensures()
    [made] = await world.directory.groups_named(NAME)

    await world.wants(str(made["id"]), wanted=Wanted.GROUP, age=0)
    await world.ensures()

    assert world.told() == [("", "succeeded"), ("", "in_sync")]
    assert world.directory.writes == {"create_group": 1, "assign": 1}


@virtual
async def test_a_dynamic_group_is_made_with_its_rule_and_assigned_empty() -> None:
    world = await world_with(GroupPolicy(name="*", create=Creation()))
    rule = '(user.department -eq "Design")'
    await world.wants("", name=NAME, wanted=Wanted.GROUP, rule=rule)

    await world.ensures()

    [made] = await world.directory.groups_named(NAME)
    assert made["groupTypes"] == ["DynamicMembership"]
    assert made["membershipRule"] == rule
    assert made["membershipRuleProcessingState"] == "On"
    assert len(world.given(str(made["id"]))) == 1


@virtual
async def test_an_event_by_name_that_is_older_than_one_by_id_is_stale() -> None:
    world = await world_with()
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", NAME)
    await world.wants("0000bbbb-0000-4000-a000-000000000001", user(1), wanted=Wanted.ABSENT, age=5)
    await world.wants("", user(1), name=NAME, age=50)

    await world.ensures_until_done()

    assert set(world.told()) == {(user(1), "stale"), (user(1), "in_sync")}
    assert await world.members("0000bbbb-0000-4000-a000-000000000001") == set()


@virtual
async def test_an_event_by_name_that_is_newer_than_one_by_id_takes_its_place() -> None:
    world = await world_with()
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", NAME)
    await world.wants("0000bbbb-0000-4000-a000-000000000001", user(1), wanted=Wanted.ABSENT, age=50)
    await world.wants("", user(1), name=NAME, age=5)

    await world.ensures()

    assert await world.members("0000bbbb-0000-4000-a000-000000000001") == {user(1)}
    assert world.directory.writes == {"add_members": 1, "assign": 1}


@virtual
async def test_an_assignment_that_is_there_but_does_not_show_is_tried_again() -> None:
    world = await world_with()
    world.directory.has_group("0000bbbb-0000-4000-a000-000000000001", NAME)
    world.directory.refusals["assign"] += [AlreadyExists("EntitlementGrant entry already exists.")]
    await world.wants("0000bbbb-0000-4000-a000-000000000001", user(1))
    with pytest.raises(NotYet):
        await world.ensures()
    assert await world.ledger.open_changes(TOTAL) == []

    await world.ensures_until_done()

    assert len(await world.ledger.open_changes(TOTAL)) == 1
    assert world.directory.writes["add_members"] == 1


@virtual
async def test_a_user_who_does_not_show_yet_is_waited_for_and_one_who_never_will_is_refused() -> (
    None
):
    world = await world_with()
    world.directory.refusals["assign"] += [NotYet("not a valid reference update")] * 2
    await world.wants("direct", user(1), age=5)
    await world.wants("direct", user(9))
    with pytest.raises(NotYet):
        await world.ensures()
    assert world.told() == [(user(9), "rejected")]

    await world.ensures_until_done()

    assert len(world.given(user(1))) == 1

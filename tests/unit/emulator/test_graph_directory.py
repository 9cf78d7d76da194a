"""The rules of Graph for groups, members and assignments."""

from collections.abc import Sequence
from typing import Any

import pytest

from emulator.graph.assignments import DEFAULT_ACCESS, Assignments
from emulator.graph.directory import ALREADY_MEMBER, Directory
from emulator.graph.errors import GraphError
from emulator.graph.objects import Entity
from emulator.graph.replica import Replica


class World:
    def __init__(self) -> None:
        self.now = 1000.0
        self.directory = Directory(lambda: self.now, lambda: self.now)
        self.assignments = Assignments(self.directory)
        self.replica = Replica(self.directory, self.assignments, 0.0)
        self.group = self.new_group({})

    def user(self, number: int = 1) -> Entity:
        return self.directory.create_user(
            {"displayName": f"User {number}", "userPrincipalName": f"u{number}@contoso.example"}
        )

    def new_group(self, properties: dict[str, Any], members: Sequence[str] = ()) -> Entity:
        return self.directory.create_group(
            {"displayName": "G", "mailNickname": "g", **properties}, members
        )


DYNAMIC = {
    "groupTypes": ["DynamicMembership"],
    "membershipRule": '(user.department -eq "Finance")',
    "membershipRuleProcessingState": "On",
}


@pytest.fixture
def world() -> World:
    return World()


def test_adding_a_member_twice_is_refused_and_adds_none_of_the_others(world: World) -> None:
    known, new = world.user(1), world.user(2)
    world.directory.add_members(world.group, [known.id])

    with pytest.raises(GraphError) as refused:
        world.directory.add_members(world.group, [new.id, known.id])

    assert (refused.value.status, refused.value.message) == (400, ALREADY_MEMBER)
    assert list(world.group.members) == [known.id]


def test_more_than_twenty_links_in_one_request_are_refused(world: World) -> None:
    users = [world.user(number).id for number in range(21)]

    with pytest.raises(GraphError, match="more than 20 link changes"):
        world.directory.add_members(world.group, users)


def test_an_unknown_member_is_not_found(world: World) -> None:
    with pytest.raises(GraphError) as refused:
        world.directory.add_members(world.group, ["11111111-1111-4111-8111-111111111111"])

    assert refused.value.status == 404


def test_members_of_a_dynamic_group_cannot_be_added_by_hand(world: World) -> None:
    user = world.user()
    world.directory.update(world.group, DYNAMIC)

    with pytest.raises(GraphError) as added:
        world.directory.add_members(world.group, [user.id])
    with pytest.raises(GraphError) as created:
        world.new_group(DYNAMIC, [user.id])

    assert (added.value.status, created.value.status) == (403, 403)


def test_a_softly_deleted_user_stays_a_member_until_deleted_for_good(world: World) -> None:
    user = world.user()
    world.directory.add_members(world.group, [user.id])

    world.directory.delete(user)
    after_deletion = list(world.group.members)
    world.directory.purge(user.id)

    assert after_deletion == [user.id]
    assert list(world.group.members) == []


def test_two_users_cannot_have_the_same_name(world: World) -> None:
    world.user(1)

    with pytest.raises(GraphError, match="userPrincipalName already exists"):
        world.user(1)


def test_a_renamed_user_is_found_by_the_new_name_only(world: World) -> None:
    user = world.user(1)

    world.directory.update(user, {"userPrincipalName": "new@contoso.example"})

    assert world.directory.user("NEW@contoso.example") is user
    assert world.directory.user("u1@contoso.example") is None


def test_every_mutation_notifies_the_listeners(world: World) -> None:
    told: list[tuple[str, bool]] = []
    user = world.user()
    world.directory.listeners.append(lambda c: told.append((c.subject.id, c.removed)))

    world.directory.add_members(world.group, [user.id])
    world.directory.remove_member(world.group, user.id)

    assert told == [(world.group.id, False), (world.group.id, True)]


def test_an_app_with_roles_refuses_the_default_one_and_a_second_equal_assignment(
    world: World,
) -> None:
    role = "11111111-1111-4111-8111-111111111111"
    app = world.directory.create_service_principal({"appRoles": [{"id": role}]})

    with pytest.raises(GraphError, match="was not found on application"):
        world.assignments.add(world.group, app, DEFAULT_ACCESS)
    world.assignments.add(world.group, app, role)
    with pytest.raises(GraphError, match="already exists on the object"):
        world.assignments.add(world.group, app, role)


def test_a_duplicate_assignment_is_refused_with_either_of_graphs_errors(world: World) -> None:
    app = world.directory.create_service_principal({})
    world.assignments.add(world.group, app, DEFAULT_ACCESS)
    told = []

    for _ in range(3):
        with pytest.raises(GraphError) as refused:
            world.assignments.add(world.group, app, DEFAULT_ACCESS)
        told.append((refused.value.status, refused.value.code, refused.value.message))

    assert told[0] == told[2]
    assert told[:2] == [
        (400, "Request_BadRequest", "Permission being assigned already exists on the object"),
        (
            400,
            "Request_MultipleObjectsWithSameKeyValue",
            "EntitlementGrant entry already exists.",
        ),
    ]


def test_members_of_a_role_assignable_group_cannot_be_changed(world: World) -> None:
    member, other = world.user(1), world.user(2)
    group = world.new_group({"isAssignableToRole": True}, [member.id])

    with pytest.raises(GraphError) as added:
        world.directory.add_members(group, [other.id])
    with pytest.raises(GraphError) as removed:
        world.directory.remove_member(group, member.id)

    assert (added.value.status, removed.value.status) == (403, 403)
    assert added.value.message == "Insufficient privileges to complete the operation."
    assert list(group.members) == [member.id]


def test_assignments_can_lag_alone(world: World) -> None:
    world.now += 100
    world.replica.assignment_delay = 60
    app = world.directory.create_service_principal({})
    group = world.new_group({})
    world.assignments.add(group, app, DEFAULT_ACCESS)

    at_once = world.replica.shows(group), list(world.replica.assignments(resource=app))
    world.now += 60
    later = [a.principal for a in world.replica.assignments(resource=app)]

    assert at_once == (True, [])
    assert later == [group]


def test_an_assignment_is_removed_once(world: World) -> None:
    app = world.directory.create_service_principal({"appRoles": []})
    assignment = world.assignments.add(world.group, app, DEFAULT_ACCESS)

    world.assignments.remove(assignment.id, resource=app.id)

    assert list(world.replica.assignments(resource=app)) == []
    with pytest.raises(GraphError, match="is not found"):
        world.assignments.remove(assignment.id)


def test_a_lagging_replica_shows_members_and_objects_as_they_were(world: World) -> None:
    stays, leaves = world.user(1), world.user(2)
    world.directory.add_members(world.group, [stays.id, leaves.id])
    world.now += 100
    world.replica.delay = 30
    joins = world.user(3)
    world.directory.add_members(world.group, [joins.id])
    world.directory.remove_member(world.group, leaves.id)

    at_once = set(world.replica.members(world.group)), world.replica.shows(joins)
    world.now += 30
    later = set(world.replica.members(world.group)), world.replica.shows(joins)

    assert at_once == ({stays.id, leaves.id}, False)
    assert later == ({stays.id, joins.id}, True)

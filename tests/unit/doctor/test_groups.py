"""Groups of a target: assigned, empty, dynamic, nested, or named by the policy in vain."""

from typing import Any

import pytest

from hasten.doctor import groups
from hasten.doctor.findings import Level
from hasten.policy import GroupPolicy
from hasten.ports.directory_values import Assignments
from hasten.targets import Target
from tests.fakes.directory import SERVICE_PRINCIPAL, FakeDirectory
from tests.fakes.probes import FakeProbes
from tests.support.world import ENGINEERING, user

INNER = "0000bbbb-0000-4000-8000-000000000009"
ROLES = [
    {"id": "1", "displayName": name, "isEnabled": True, "allowedMemberTypes": ["User"]}
    for name in ("Operator", "Guest")
]


def directory() -> FakeDirectory:
    directory = FakeDirectory(groups=[ENGINEERING])
    directory.has_group(ENGINEERING, "TOTAL-Engineering")
    return directory


def target(*policies: GroupPolicy) -> Target:
    return Target(name="TOTAL", display_name="TOTAL", groups=policies)


def test_an_app_to_which_no_group_is_assigned_is_a_problem() -> None:
    [found] = groups.check_assigned(Assignments([]))

    assert (found.level, "python -m hasten apply" in found.fix) == (Level.PROBLEM, True)


async def test_an_assignment_that_cannot_be_read_is_worth_a_warning() -> None:
    tenant = directory()
    tenant.groups.append(INNER)
    tenant.unread_assignments = {INNER}

    [found] = groups.check_assigned(await tenant.assignments(SERVICE_PRINCIPAL))

    assert found.level is Level.WARNING
    assert "1 groups are assigned, and 1 assignments cannot be read" in found.found


async def test_a_group_with_members_is_fine() -> None:
    tenant = directory()
    tenant.join(ENGINEERING, user(1), user(2))

    [found] = await groups.check_group(tenant, FakeProbes(), ENGINEERING)

    assert (found.level, "has 2 members" in found.found) == (Level.OK, True)


async def test_an_empty_group_is_worth_a_warning() -> None:
    [found] = await groups.check_group(directory(), FakeProbes(), ENGINEERING)

    assert (found.level, "is empty" in found.found) == (Level.WARNING, True)


async def test_people_who_are_members_of_a_nested_group_only_are_counted() -> None:
    tenant = directory()
    tenant.join(ENGINEERING, user(1))
    tenant.nest(ENGINEERING, INNER)
    tenant.join(INNER, user(1), user(2), user(3))

    _, found = await groups.check_group(tenant, FakeProbes(), ENGINEERING)

    assert found.level is Level.WARNING
    assert "has 1 nested group: 2 people in them are not provisioned" in found.found


async def test_a_dynamic_group_is_said_to_be_one() -> None:
    tenant = directory()
    tenant.has_group(ENGINEERING, "TOTAL-Engineering", rule="user.department -eq 'R'")
    tenant.join(ENGINEERING, user(1))

    [found] = await groups.check_group(tenant, FakeProbes(), ENGINEERING)

    assert "by its rule (dynamic)" in found.found


@pytest.mark.parametrize(
    ("probes", "level"),
    [
        (FakeProbes(frozenset({"Member.Read.Hidden"})), Level.OK),
        (FakeProbes(frozenset({"Group.Read.All"})), Level.PROBLEM),
        (FakeProbes(is_of_app=False), Level.WARNING),
    ],
    ids=["granted", "missing", "of a person"],
)
async def test_a_group_with_hidden_membership_needs_a_permission(
    probes: FakeProbes, level: Level
) -> None:
    tenant = directory()
    tenant.hidden_groups.add(ENGINEERING)

    members, permission = await groups.check_group(tenant, probes, ENGINEERING)

    assert (members.level, "hidden" in members.found) == (Level.WARNING, True)
    assert permission.level is level
    assert level is Level.OK or "Member.Read.Hidden" in permission.found + permission.fix


async def test_an_assigned_group_that_was_deleted_is_worth_a_warning() -> None:
    [found] = await groups.check_group(directory(), FakeProbes(), INNER)

    assert (found.level, "does not exist any more" in found.found) == (Level.WARNING, True)


@pytest.mark.parametrize(
    ("roles", "policies", "levels"),
    [
        ([], [], [Level.OK]),
        (ROLES, [], [Level.WARNING]),
        (ROLES, [GroupPolicy(name="A")], [Level.PROBLEM]),
        (ROLES, [GroupPolicy(name="A", role="Guest")], [Level.WARNING, Level.OK]),
        (ROLES, [GroupPolicy(name="A", role="Chief")], [Level.WARNING, Level.PROBLEM]),
    ],
)
def test_each_required_role_is_determined_or_reported_as_unclear(
    roles: list[dict[str, Any]], policies: list[GroupPolicy], levels: list[Level]
) -> None:
    found = groups.check_roles({"id": "sp", "appRoles": roles}, target(*policies))

    assert [finding.level for finding in found] == levels

"""Groups of a target: assigned, empty, dynamic, nested, or named by the policy in vain."""

from typing import Any

import pytest

from hasten.doctor import groups
from hasten.doctor.findings import Finding, Level
from hasten.policy import Access, Creation, GroupPolicy
from hasten.targets import Target
from tests.fakes.directory import FakeDirectory
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


async def of_policy(tenant: FakeDirectory, policy: GroupPolicy) -> list[Finding]:
    return await groups.check_policy(tenant, policy, [ENGINEERING], target=target(policy))


def test_an_app_to_which_no_group_is_assigned_is_a_problem() -> None:
    [found] = groups.check_assigned([])

    assert (found.level, "python -m hasten apply" in found.fix) == (Level.PROBLEM, True)


async def test_a_group_with_members_is_fine() -> None:
    tenant = directory()
    tenant.join(ENGINEERING, user(1), user(2))

    [found] = await groups.check_group(tenant, ENGINEERING)

    assert (found.level, "has 2 members" in found.found) == (Level.OK, True)


async def test_an_empty_group_is_worth_a_warning() -> None:
    [found] = await groups.check_group(directory(), ENGINEERING)

    assert (found.level, "is empty" in found.found) == (Level.WARNING, True)


async def test_people_who_are_members_of_a_nested_group_only_are_counted() -> None:
    tenant = directory()
    tenant.join(ENGINEERING, user(1))
    tenant.nest(ENGINEERING, INNER)
    tenant.join(INNER, user(1), user(2), user(3))

    _, found = await groups.check_group(tenant, ENGINEERING)

    assert found.level is Level.WARNING
    assert "has 1 nested group: 2 people in them are not provisioned" in found.found


async def test_a_dynamic_group_is_said_to_be_one() -> None:
    tenant = directory()
    tenant.has_group(ENGINEERING, "TOTAL-Engineering", rule="user.department -eq 'R'")
    tenant.join(ENGINEERING, user(1))

    [found] = await groups.check_group(tenant, ENGINEERING)

    assert "by its rule (dynamic)" in found.found


async def test_an_assigned_group_that_was_deleted_is_worth_a_warning() -> None:
    [found] = await groups.check_group(directory(), INNER)

    assert (found.level, "does not exist any more" in found.found) == (Level.WARNING, True)


@pytest.mark.parametrize(
    ("policy", "level", "says"),
    [
        (GroupPolicy(name="TOTAL-Engineering"), Level.OK, "is assigned"),
        (GroupPolicy(name="Staff"), Level.PROBLEM, "is not assigned to the app"),
        (GroupPolicy(name="Nobody"), Level.PROBLEM, "does not exist"),
        (GroupPolicy(name="New", create=Creation()), Level.WARNING, "does not exist yet"),
        (GroupPolicy(name="Twins"), Level.PROBLEM, "2 groups are called Twins"),
    ],
)
async def test_a_group_of_the_policy_is_there_and_assigned_or_it_is_said(
    policy: GroupPolicy, level: Level, says: str
) -> None:
    tenant = directory()
    tenant.has_group("staff", "Staff")
    for number in (1, 2):
        tenant.has_group(f"twin-{number}", "Twins")

    [found] = await of_policy(tenant, policy)

    assert (found.level, says in found.found) == (level, True)


async def test_a_pattern_of_the_policy_names_no_group() -> None:
    assert await of_policy(directory(), GroupPolicy(name="TOTAL-*")) == []


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


@pytest.mark.parametrize("name", ["*", "**", "?*"])
async def test_a_pattern_that_stands_for_every_group_is_a_problem(name: str) -> None:
    [found] = await of_policy(directory(), GroupPolicy(name=name))

    assert found.level is Level.PROBLEM
    assert "stands for every group" in found.found


@pytest.mark.parametrize(
    "policy", [GroupPolicy(name="TOTAL-*"), GroupPolicy(name="*", events=Access.DENY)]
)
async def test_a_pattern_that_stands_for_some_or_keeps_events_away_is_fine(
    policy: GroupPolicy,
) -> None:
    assert await of_policy(directory(), policy) == []


@pytest.mark.parametrize(
    ("rule", "role_assignable", "kind"),
    [("user.department -eq 1", False, "dynamic"), (None, True, "role-assignable")],
)
async def test_a_mirror_into_a_group_that_takes_no_members_is_a_problem(
    rule: str | None,
    role_assignable: bool,  # noqa: FBT001 - a case of the table
    kind: str,
) -> None:
    tenant = directory()
    tenant.has_group(ENGINEERING, "TOTAL-Engineering", rule=rule, role_assignable=role_assignable)
    mirror = GroupPolicy(name="TOTAL-Engineering", also_members_of=("TOTAL-Admins",))

    both = target(GroupPolicy(name="TOTAL-Admins", admin=True), mirror)

    found, assigned = await groups.check_policy(tenant, mirror, [ENGINEERING], target=both)

    assert (found.level, assigned.level) == (Level.PROBLEM, Level.OK)
    assert f"is {kind}: nobody can be added to it" in found.found

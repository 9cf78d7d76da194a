"""Groups that the policy names: there, assigned, known, and of which severity the doctor speaks of
them."""

from typing import Any

import pytest

from hasten.doctor import policy_groups
from hasten.doctor.findings import Finding, Level
from hasten.policy import Allowance, Creation, GroupPolicy
from hasten.records import made_groups
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World


async def world_with_groups() -> World:
    world = World()
    await world.is_discovered()
    world.directory.has_group(ENGINEERING, "TOTAL-Engineering")
    return world


async def of_policy(world: World, *policies: GroupPolicy) -> list[Finding]:
    """What is found of the first of them."""
    target = world.target.model_copy(update={"groups": policies})
    return await policy_groups.check_policy(world.context, target, policies[0], [ENGINEERING])


@pytest.mark.parametrize(
    ("policy", "level", "says"),
    [
        (GroupPolicy(name="TOTAL-Engineering"), Level.OK, "is assigned"),
        (GroupPolicy(name="Staff"), Level.PROBLEM, "is not assigned to the app"),
        (GroupPolicy(name="Nobody"), Level.PROBLEM, "does not exist"),
        (GroupPolicy(name="New", create=Creation()), Level.WARNING, "does not exist yet"),
        (GroupPolicy(name="Twins"), Level.PROBLEM, "Twins: 2 groups have this name"),
        (GroupPolicy(name="Stranger"), Level.PROBLEM, "somebody else made a group of this name"),
    ],
)
@virtual
async def test_a_group_of_the_policy_is_there_and_assigned_or_it_is_said(
    policy: GroupPolicy, level: Level, says: str
) -> None:
    world = await world_with_groups()
    world.directory.has_group("staff", "Staff")
    await made_groups.adopt(world.store, TOTAL, "Staff", "staff", now())
    world.directory.has_group("stranger", "Stranger")
    for number in (1, 2):
        world.directory.has_group(f"twin-{number}", "Twins")

    [found] = await of_policy(world, policy)

    assert (found.level, says in found.found) == (level, True)


@virtual
async def test_a_pattern_of_the_policy_names_no_group() -> None:
    assert await of_policy(await world_with_groups(), GroupPolicy(name="TOTAL-*")) == []


@pytest.mark.parametrize("name", ["*", "**", "?*"])
@virtual
async def test_a_pattern_that_stands_for_every_group_is_a_problem(name: str) -> None:
    [found] = await of_policy(await world_with_groups(), GroupPolicy(name=name))

    assert found.level is Level.PROBLEM
    assert "matches every group" in found.found


@pytest.mark.parametrize(
    "policy", [GroupPolicy(name="TOTAL-*"), GroupPolicy(name="*", events=Allowance.DENY)]
)
@virtual
async def test_a_pattern_that_stands_for_some_or_keeps_events_away_is_fine(
    policy: GroupPolicy,
) -> None:
    assert await of_policy(await world_with_groups(), policy) == []


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"rule": "user.department -eq 1"}, "dynamic"),
        ({"role_assignable": True}, "role-assignable"),
        ({"synced": True}, "synchronized from on premises"),
    ],
)
@virtual
async def test_a_mirror_into_a_group_that_takes_no_members_is_a_problem(
    properties: dict[str, Any], kind: str
) -> None:
    world = await world_with_groups()
    world.directory.has_group(ENGINEERING, "TOTAL-Engineering", **properties)
    mirror = GroupPolicy(name="TOTAL-Engineering", also_members_of=("TOTAL-Admins",))

    found, assigned = await of_policy(world, mirror, GroupPolicy(name="TOTAL-Admins", admin=True))

    assert (found.level, assigned.level) == (Level.PROBLEM, Level.OK)
    assert f"is {kind}: nobody can be added to it" in found.found


@virtual
async def test_a_twin_of_a_known_group_is_a_remark_that_names_the_one_that_is_meant() -> None:
    world = await world_with_groups()
    world.directory.has_group("twin", "total-engineering")

    twin, assigned = await of_policy(world, GroupPolicy(name="TOTAL-Engineering"))

    assert (twin.level, assigned.level) == (Level.WARNING, Level.OK)
    assert f"(twin); the policy and events mean {ENGINEERING}" in twin.found


@virtual
async def test_a_twin_of_a_group_that_the_policy_names_by_id_is_not_worth_a_word() -> None:
    world = await world_with_groups()
    world.directory.has_group("twin", "TOTAL-Engineering")

    [found] = await of_policy(world, GroupPolicy.model_validate({"id": ENGINEERING}))

    assert found.level is Level.OK


@virtual
async def test_a_known_group_that_was_renamed_is_found_and_remarked_on() -> None:
    world = await world_with_groups()
    await made_groups.adopt(world.store, TOTAL, "TOTAL-Engineering", ENGINEERING, now())
    world.directory.has_group(ENGINEERING, "TOTAL-Builders")

    renamed, assigned = await of_policy(world, GroupPolicy(name="TOTAL-Engineering"))

    assert (renamed.level, assigned.level) == (Level.WARNING, Level.OK)
    assert "is called TOTAL-Builders now" in renamed.found

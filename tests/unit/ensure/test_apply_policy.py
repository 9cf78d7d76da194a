"""The policy of targets.yaml is applied: planned first, done once."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.applying import PlannedStep, StepKind
from hasten.ensure.apply_policy import apply_policies
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.policy import Creation, GroupPolicy
from hasten.ports.bus import PROVISIONING
from hasten.targets import Mode, Target
from tests.support.applying import ADMINS, MONITORED, Policed, world_with
from tests.support.crashing import CrashingDirectory, CrashingStore, Fuse, Killed
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

STEPS = 20
"""More than a run takes."""


@virtual
async def test_a_target_that_matches_the_policy_needs_no_step() -> None:
    world = await world_with(ADMINS, MONITORED)

    assert await world.applies() == []
    assert not world.directory.writes


@virtual
async def test_a_missing_group_is_planned_in_plain_words_and_nothing_is_written() -> None:
    world = await world_with(ADMINS, MONITORED, monitored=False)
    world.directory.join(ADMIN, user(1), user(2))

    assert await world.plans() == [
        "Create the group TOTAL - Engineering.",
        "Assign the group TOTAL - Engineering to TOTAL.",
        "Add 2 members of TOTAL-Admin to TOTAL - Engineering.",
    ]
    assert not world.directory.writes


@virtual
async def test_a_missing_group_is_created_assigned_and_filled() -> None:
    world = await world_with(ADMINS, MONITORED, monitored=False)
    world.directory.join(ADMIN, user(1), user(2))

    assert await world.applies() == [StepKind.CREATE, StepKind.ASSIGN, StepKind.ADD]

    [made] = await world.directory.groups_named("TOTAL - Engineering")
    assert await world.members(str(made["id"])) == {user(1), user(2)}
    assert len(world.given(str(made["id"]))) == 1
    assert await world.applies() == []
    assert world.bus.of(PROVISIONING) == []


@virtual
async def test_a_group_that_is_there_but_not_assigned_is_assigned() -> None:
    world = await world_with(GroupPolicy(name="Sales"))
    world.directory.has_group("sales", "Sales")

    assert await world.applies() == [StepKind.ADOPT, StepKind.ASSIGN]
    assert len(world.given("sales")) == 1


@virtual
async def test_a_missing_group_that_the_policy_does_not_create_is_a_problem() -> None:
    world = await world_with(GroupPolicy(name="Sales"), ADMINS)

    [sentence] = await world.plans()
    assert sentence.startswith("Correct the group Sales: the group does not exist; create it, or ")
    await world.applies()
    assert "does not exist" in world.problems[0]
    assert not world.directory.writes


@virtual
async def test_a_name_with_wildcards_makes_nothing() -> None:
    world = await world_with(GroupPolicy(name="Dept - *", create=Creation()))

    assert await world.applies() == []


@virtual
async def test_a_role_that_differs_from_the_policy_is_reported_and_left_alone() -> None:
    policy = GroupPolicy(name="TOTAL-Admin", role="Admin")
    world = await world_with(policy)
    roles = [{"id": "r", "value": "Admin", "displayName": "A", "allowedMemberTypes": ["User"]}]
    world.directory.principals[0] = {**world.directory.principals[0], "appRoles": roles}

    assert await world.applies() == [StepKind.PROBLEM]
    assert "another role than Admin" in world.problems[0]


@virtual
async def test_in_observe_mode_the_plan_is_reported_and_nothing_is_written() -> None:
    world = await world_with(ADMINS, MONITORED, mode=Mode.OBSERVE, monitored=False)
    world.directory.join(ADMIN, user(1))

    await apply_policies(world.context)

    assert world.results("policy") == ["observed"] * 3
    assert not world.directory.writes


@virtual
async def test_a_group_that_fails_does_not_hold_up_the_others() -> None:
    world = await world_with(GroupPolicy(name="A"), GroupPolicy(name="B"))
    world.directory.has_group("a", "A")
    world.directory.has_group("b", "B")
    world.directory.refusals["assign"].append(TemporaryError("busy", timedelta(seconds=1)))

    with pytest.raises(TemporaryError):
        await world.applies()

    assert world.given("a") == []
    assert len(world.given("b")) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(STEPS))
@virtual
async def test_a_run_that_is_killed_at_any_step_is_ended_by_the_next(
    step: int,
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    disk, tenant = CrashingStore(), CrashingDirectory(groups=[ADMIN])
    target = Target(name=TOTAL, display_name=TOTAL, groups=(ADMINS, MONITORED))
    world = Policed(target=target, store=disk, directory=tenant)
    await world.is_discovered()
    world.directory.has_group(ADMIN, "TOTAL-Admin")
    world.directory.join(ADMIN, user(1), user(2))
    disk.fuse = tenant.fuse = fuse = Fuse(step, after=after)
    try:
        await world.applies()
    except Killed:
        world.directory.leave(ADMIN, user(2))
    killed = user(2) not in await world.members(ADMIN)
    disk.fuse = tenant.fuse = Fuse(-1, after=False)

    for _ in range(10):
        try:
            await world.applies()
        except TemporaryError as waiting:
            await asyncio.sleep(waiting.delay.total_seconds())

    [made] = await world.directory.groups_named("TOTAL - Engineering")
    expected = {user(1)} if killed else {user(1), user(2)}
    assert await world.members(str(made["id"])) == expected
    assert tenant.done.count(("create", "TOTAL - Engineering")) == 1
    assert fuse.steps < STEPS


def test_every_kind_of_step_has_a_sentence() -> None:
    steps = [
        PlannedStep(
            kind=kind, target=TOTAL, name="G", group="", users=[user(1)], sources=["A", "B"]
        )
        for kind in StepKind
    ]

    sentences = [step.sentence for step in steps]

    assert len(set(sentences)) == len(StepKind)
    assert "Add 1 member of A and B to G." in sentences


@virtual
async def test_a_group_that_only_some_replicas_show_is_not_made_a_second_time() -> None:
    world = await world_with(ADMINS, MONITORED)
    read = world.directory.group

    async def not_everywhere(group: str) -> Json | None:
        return None if group == ENGINEERING else await read(group)

    world.directory.group = not_everywhere  # type: ignore[method-assign]

    with pytest.raises(TemporaryError, match="does not show everywhere"):
        await world.applies()

    assert not world.directory.writes

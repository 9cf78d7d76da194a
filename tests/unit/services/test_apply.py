"""The policy of targets.yaml is applied: planned first, done once, never more than was ours."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.applying import Kind, Step
from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError
from hasten.policy import Creation, GroupPolicy
from hasten.ports.bus import PROVISIONING
from hasten.services.apply import Applying
from hasten.targets import Mode, Target
from tests.support.crashing import CrashingDirectory, CrashingStore, Fuse, Killed
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

ADMINS = GroupPolicy(name="TOTAL-Admin", admin=True)
MONITORED = GroupPolicy(
    name="TOTAL - Engineering", create=Creation(), also_members_of=("TOTAL-Admin",)
)


class Policed(Onboarding):
    @property
    def applying(self) -> Applying:
        return Applying(
            directory=self.directory,
            store=self.store,
            intents=self.intents,
            watching=self.watching,
            targets=[self.target],
            emit=self.events.append,
            now=now,
        )

    async def applies(self) -> list[Kind]:
        return [step.kind for step in await self.applying.apply(self.target)]

    async def plans(self) -> list[str]:
        return [step.sentence for step in await self.applying.plan(self.target)]

    @property
    def problems(self) -> list[str]:
        told = [e for e in self.events if e.name == "policy" and e.problem]
        return [str(event.fields["reason"]) for event in told]


async def world_with(
    *groups: GroupPolicy, mode: Mode | None = None, monitored: bool = True
) -> Policed:
    target = Target(name=TOTAL, display_name=TOTAL, groups=groups, mode=mode)
    world = Policed(target=target)
    await world.is_discovered()
    world.directory.has_group(ADMIN, "TOTAL-Admin")
    if monitored:
        world.directory.has_group(ENGINEERING, "TOTAL - Engineering")
    return world


@virtual
async def test_what_is_as_the_policy_says_needs_no_step() -> None:
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

    assert await world.applies() == [Kind.CREATE, Kind.ASSIGN, Kind.ADD]

    [made] = await world.directory.groups_named("TOTAL - Engineering")
    assert await world.members(str(made["id"])) == {user(1), user(2)}
    assert len(world.given(str(made["id"]))) == 1
    assert await world.applies() == []
    assert world.bus.of(PROVISIONING) == []


@virtual
async def test_a_group_that_is_there_but_not_assigned_is_assigned() -> None:
    world = await world_with(GroupPolicy(name="Sales"))
    world.directory.has_group("sales", "Sales")

    assert await world.applies() == [Kind.ASSIGN]
    assert len(world.given("sales")) == 1


@virtual
async def test_a_missing_group_that_the_policy_does_not_create_is_a_problem() -> None:
    world = await world_with(GroupPolicy(name="Sales"), ADMINS)

    [sentence] = await world.plans()
    assert sentence.startswith("Mend the group Sales: the group does not exist; create it, or ")
    await world.applies()
    assert "does not exist" in world.problems[0]
    assert not world.directory.writes


@virtual
async def test_a_name_with_wildcards_makes_nothing() -> None:
    world = await world_with(GroupPolicy(name="Dept - *", create=Creation()))

    assert await world.applies() == []


@virtual
async def test_another_role_than_the_policy_names_is_told_and_left_alone() -> None:
    policy = GroupPolicy(name="TOTAL-Admin", role="Admin")
    world = await world_with(policy)
    roles = [{"id": "r", "value": "Admin", "displayName": "A", "allowedMemberTypes": ["User"]}]
    world.directory.principals[0] = {**world.directory.principals[0], "appRoles": roles}

    assert await world.applies() == [Kind.PROBLEM]
    assert "another role than Admin" in world.problems[0]


@virtual
async def test_who_leaves_the_source_leaves_the_mirror_if_hasten_added_them() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1), user(2))
    world.directory.join(ENGINEERING, user(2))
    await world.applies()
    world.directory.leave(ADMIN, user(1), user(2))

    assert await world.plans() == ["Remove 1 member who left TOTAL-Admin from TOTAL - Engineering."]
    await world.applies()

    assert await world.members(ENGINEERING) == {user(2)}
    assert await world.applies() == []


@virtual
async def test_people_whom_others_added_are_left_alone() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ENGINEERING, user(5))

    assert await world.applies() == []
    assert await world.members(ENGINEERING) == {user(5)}


@virtual
async def test_a_mirrored_person_whom_an_event_wants_there_too_stays() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    await world.wants(ENGINEERING, user(1), wanted=Wanted.MEMBER)
    await world.ensures()
    world.directory.leave(ADMIN, user(1))

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}
    assert await world.applies() == []


@virtual
async def test_someone_removed_from_the_mirror_by_hand_comes_back_while_in_the_source() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    world.directory.leave(ENGINEERING, user(1))

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_someone_who_left_both_is_forgotten_so_that_a_later_return_is_their_own() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    world.directory.leave(ADMIN, user(1))
    world.directory.leave(ENGINEERING, user(1))
    await world.applies()
    world.directory.join(ENGINEERING, user(1))

    assert await world.applies() == []
    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_a_source_that_is_gone_removes_nobody() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    await world.applies()
    del world.directory.group_objects[ADMIN]
    world.directory.groups.remove(ADMIN)

    await world.applies()

    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_more_removals_than_the_brake_lets_go_wait_for_someone_to_say_yes() -> None:
    world = await world_with(ADMINS, MONITORED)
    everyone = [user(n) for n in range(11)]
    world.directory.join(ADMIN, *everyone)
    await world.applies()
    world.directory.leave(ADMIN, *everyone)

    await world.applying.run()
    assert len(await world.members(ENGINEERING)) == 11
    assert len(world.problems) == 1
    assert "only `hasten apply --yes`" in (await world.plans())[0]

    await world.applies()
    assert await world.members(ENGINEERING) == set()


@virtual
async def test_many_are_added_twenty_to_a_request() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, *(user(n) for n in range(45)))

    await world.applies()

    assert len(await world.members(ENGINEERING)) == 45
    assert world.directory.writes == {"add_members": 3}


@virtual
async def test_only_people_are_mirrored_not_nested_groups() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.has_group("nested", "Nested")
    world.directory.nest(ADMIN, "nested")

    assert await world.applies() == []


@pytest.mark.parametrize("kind", ["dynamic", "role-assignable"])
@virtual
async def test_a_group_that_takes_nobody_by_hand_mirrors_nobody(kind: str) -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.has_group(
        ENGINEERING,
        "TOTAL - Engineering",
        rule="(user.department -ne null)" if kind == "dynamic" else None,
        role_assignable=kind != "dynamic",
    )
    world.directory.join(ADMIN, user(1))

    assert await world.applies() == [Kind.PROBLEM]
    assert "also_members_of" in world.problems[0]


@virtual
async def test_in_observe_mode_the_plan_is_told_and_nothing_is_written() -> None:
    world = await world_with(ADMINS, MONITORED, mode=Mode.OBSERVE, monitored=False)
    world.directory.join(ADMIN, user(1))

    await world.applying.run()

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
@pytest.mark.parametrize("step", range(12))
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
    assert fuse.steps < 12


def test_every_kind_of_step_has_a_sentence() -> None:
    steps = [
        Step(kind=kind, target=TOTAL, name="G", group="", users=[user(1)], sources=["A", "B"])
        for kind in Kind
    ]

    sentences = [step.sentence for step in steps]

    assert len(set(sentences)) == len(Kind)
    assert "Add 1 member of A and B to G." in sentences

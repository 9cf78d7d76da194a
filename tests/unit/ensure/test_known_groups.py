"""A name is no proof: whoever makes a group of the name that a policy names gets nothing by it."""

import asyncio
from typing import Any

import pytest

from hasten.domain.applying import StepKind
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.applier import Applier
from hasten.ensure.apply_policy import apply_policies, apply_policy, plan_policy
from hasten.errors import TemporaryError
from hasten.policy import Creation, GroupPolicy
from hasten.records import made_groups
from tests.support.applying import world_with
from tests.support.posting import (
    ENSURE_GROUP,
    GROUP,
    OFFBOARD,
    PROVISION,
    Posting,
    event,
    ref,
    total,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

STRANGE = "0000bbbb-0000-4000-8000-0000000000aa"
KNOWN = "0000bbbb-0000-4000-8000-0000000000bb"
NAMES = [{"name": "Team-Red"}, {"name": "team-red"}, {"id": STRANGE}]


async def posting(*strangers: str) -> Posting:
    world = Posting(target=total())
    await world.is_discovered()
    for stranger in strangers:
        world.directory.has_group(stranger, "Team-Red")
        world.strangers.add(stranger)
    return world


@pytest.mark.parametrize("group", NAMES)
@pytest.mark.parametrize("kind", ["hasten.user.onboard.v1", PROVISION, ENSURE_GROUP])
def test_no_event_touches_a_group_that_somebody_else_made(group: dict[str, str], kind: str) -> None:
    @virtual
    async def run() -> None:
        world = await posting(STRANGE)
        people: dict[str, Any] = {"members" if kind == ENSURE_GROUP else "users": [ref(1)]}

        await world.posts(event(kind, group=group, **people))
        assert await world.intents.open_intents(TOTAL) == []

        [fault] = world.faults()
        assert STRANGE in fault["problem"]
        assert "adopts" in fault["fix"]
        assert world.given(STRANGE) == []

    run()


@pytest.mark.parametrize("group", [GROUP, {"id": ENGINEERING}])
@pytest.mark.parametrize("kind", ["hasten.user.onboard.v1", OFFBOARD, PROVISION])
@virtual
async def test_an_event_waits_for_the_first_sweep_that_sees_which_groups_are_assigned(
    kind: str, group: dict[str, str]
) -> None:
    world = Posting(target=total())
    world.strangers.add(ENGINEERING)
    groups = {"groups": [group]} if kind == OFFBOARD else {"group": group}
    posted = event(kind, users=[ref(1)], **groups)
    with pytest.raises(TemporaryError, match="no sweep has found target TOTAL yet"):
        await world.posts(posted)
    assert [*world.faults(), *world.outcomes()] == []

    await world.is_discovered()
    await world.posts(posted)

    assert [one.group for one in await world.intents.open_intents(TOTAL)] == [ENGINEERING]


@virtual
async def test_a_group_made_by_somebody_else_before_its_intents_are_placed_is_not_taken() -> None:
    world = await posting()
    await world.wants("", user(1), name="Team-Red")
    world.directory.has_group(STRANGE, "Team-Red")
    world.strangers.add(STRANGE)

    await world.ensures()

    assert world.directory.writes == {}
    assert [outcome["result"] for outcome in world.outcomes()] == [REJECTED]
    assert STRANGE in world.outcomes()[0]["reason"]


@virtual
async def test_a_twin_name_does_not_block_an_offboard_of_people_from_the_known_group() -> None:
    world = await posting(STRANGE)
    world.directory.has_group(KNOWN, "Team-Red")
    await made_groups.adopt(world.store, TOTAL, "Team-Red", KNOWN, now())
    world.directory.join(KNOWN, user(1))

    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[{"name": "Team-Red"}]))

    assert await world.wanted(KNOWN, 1) is Wanted.ABSENT
    assert world.parked() == []


@pytest.mark.parametrize("nickname", ["secret", "another"])
@virtual
async def test_an_event_takes_a_group_of_the_name_only_if_hasten_is_creating_it(
    nickname: str,
) -> None:
    """Graph shows the group, and has not answered the request that creates it."""
    world = await posting(STRANGE)
    shown = world.directory.group_objects[STRANGE]
    world.directory.group_objects[STRANGE] = {**shown, "mailNickname": nickname}
    place = (world.store, TOTAL, "Team-Red")
    await made_groups.begin(*place, nickname="secret", now=now(), before=None)

    await world.posts(event(users=[ref(1)], group={"name": "Team-Red"}))
    await asyncio.sleep(2)
    await world.ensures_until_done()

    is_taken = nickname == "secret"
    assert await world.members(STRANGE) == ({user(1)} if is_taken else set())
    assert len(world.parked()) == (0 if is_taken else 1)


@pytest.mark.parametrize("group", [{"name": "Team-Red"}, {"id": KNOWN}])
def test_events_find_a_known_group_that_was_renamed(group: dict[str, str]) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        await made_groups.adopt(world.store, TOTAL, "Team-Red", KNOWN, now())
        world.directory.has_group(KNOWN, "Somebody's other name")

        await world.posts(event(users=[ref(1)], group=group))
        await asyncio.sleep(2)
        await world.ensures_until_done()

        assert await world.members(KNOWN) == {user(1)}
        assert world.directory.writes["create_group"] == 0

    run()


@virtual
async def test_applying_reports_a_group_of_somebody_else_and_never_assigns_it() -> None:
    world = await world_with(GroupPolicy(name="Sales", create=Creation()))
    world.directory.has_group(STRANGE, "Sales")

    await apply_policies(world.context)

    assert world.given(STRANGE) == []
    assert world.directory.writes == {}
    [problem] = world.problems
    assert STRANGE in problem


@virtual
async def test_an_operator_is_shown_the_id_and_adopts_the_group() -> None:
    world = await world_with(GroupPolicy(name="Sales", create=Creation()))
    world.directory.has_group(STRANGE, "Sales")

    [first, second] = await plan_policy(world.context, world.target)
    assert (first.kind, second.kind) == (StepKind.ADOPT, StepKind.ASSIGN)
    assert STRANGE in first.sentence
    assert world.given(STRANGE) == []
    await apply_policy(world.context, world.target, Applier("os:kim", "a test"))

    assert len(world.given(STRANGE)) == 1
    assert await plan_policy(world.context, world.target) == []


@pytest.mark.parametrize("create", [Creation(), None])
def test_applying_finds_a_group_that_was_renamed_and_makes_no_second(
    create: Creation | None,
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(GroupPolicy(name="TOTAL-Admin", create=create))
        await apply_policies(world.context)
        [admin] = await world.directory.groups_named("TOTAL-Admin")
        world.directory.has_group(str(admin["id"]), "Administrators of TOTAL")

        for _ in range(3):
            await apply_policies(world.context)

        assert world.directory.writes == {}
        assert world.problems == []

    run()


@pytest.mark.parametrize(
    ("said", "at"),
    [({"owners": [ref(2)]}, "data.owners"), ({"rule": "user.x -eq 1"}, "data.rule")],
)
def test_events_set_owners_and_rule_only_where_the_policy_has_create(
    said: dict[str, Any], at: str
) -> None:
    @virtual
    async def run() -> None:
        world = await posting()

        await world.posts(event(ENSURE_GROUP, group={"name": "Found-New"}, **said))
        await world.posts(event(ENSURE_GROUP, event_id="2", group={"name": "Team-New"}, **said))

        assert [fault["field"] for fault in world.faults()] == [at]
        assert len(await world.intents.open_intents(TOTAL)) == 1

    run()


@virtual
async def test_a_group_is_not_made_with_owners_that_the_policy_has_come_to_refuse() -> None:
    world = await posting()
    await world.wants("", name="Found-New", wanted=Wanted.GROUP, owners=[user(2)], rule="x")

    await world.ensures()

    [made] = await world.directory.groups_named("Found-New")
    assert "owners@odata.bind" not in made
    assert made["groupTypes"] == []


@virtual
async def test_a_security_group_with_mail_is_refused_before_the_write_as_at_intake() -> None:
    world = await posting()
    world.directory.has_group(KNOWN, "Team-Mail")
    world.directory.group_objects[KNOWN] = {
        **world.directory.group_objects[KNOWN],
        "mailEnabled": True,
    }
    await world.posts(event(users=[ref(1)], group={"id": KNOWN}))
    await world.wants(KNOWN, user(2))

    await world.ensures()

    assert [fault["problem"] for fault in world.faults()] == [
        f"the group is no plain security group ({KNOWN})"
    ]
    assert world.directory.writes == {}
    assert world.outcomes()[-1]["result"] == REJECTED

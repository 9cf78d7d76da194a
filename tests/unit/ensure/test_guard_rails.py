"""What stands in the way of an event is told, and holds up nobody else."""

import pytest

from hasten.domain.changes import DIRECT, Cause
from hasten.domain.intents import Wanted
from hasten.ensure.run import ensure
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure
from hasten.policy import Creation, GroupPolicy
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.targets import Mode, Target
from tests.support.ensuring import world_with
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user


@virtual
async def test_one_unknown_user_is_rejected_and_the_other_nineteen_are_added() -> None:
    world = await world_with(*(user(n) for n in range(1, 20)))
    await world.wants(ENGINEERING, *(user(n) for n in range(1, 21)))

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(n) for n in range(1, 20)}
    assert world.told() == [(user(20), "rejected")]
    assert world.directory.writes["add_members"] == 21
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_a_member_added_by_another_meanwhile_costs_one_more_write() -> None:
    world = await world_with(*(user(n) for n in range(1, 21)))
    await world.wants(ENGINEERING, *(user(n) for n in range(1, 21)))
    read = world.directory.members

    async def then_another_joins(group: str) -> object:
        before = await read(group)
        if user(7) not in before.ids:
            world.directory.join(group, user(7))
        return before

    world.directory.members = then_another_joins  # type: ignore[assignment, method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(n) for n in range(1, 21)}
    assert world.directory.writes == {"add_members": 2}
    assert len(await world.ledger.open_changes(TOTAL)) == 20


@virtual
async def test_a_target_that_left_the_file_is_said_to_have() -> None:
    world = await world_with()

    with pytest.raises(PermanentError, match=r"targets\.yaml"):
        await ensure(world.context, Ensure(target="GONE"))


@virtual
async def test_one_group_in_trouble_does_not_hold_up_the_others() -> None:
    world = await world_with(user(1), user(2))
    await world.wants("0000bbbb-0000-4000-8000-00000000dead", user(1), age=5)
    await world.wants(ENGINEERING, user(2))

    with pytest.raises(TemporaryError, match="does not show yet"):
        await world.ensures()

    assert await world.members(ENGINEERING) == {user(2)}
    assert [i.user for i in await world.intents.open_intents(TOTAL)] == [user(1)]


@virtual
async def test_a_group_that_does_not_show_for_minutes_is_gone() -> None:
    world = await world_with(user(1))
    gone = "0000bbbb-0000-4000-8000-00000000dead"
    await world.wants(gone, user(1), age=121)
    await world.wants(gone, user(2), wanted=Wanted.ABSENT, age=121)

    await world.ensures()

    assert set(world.told()) == {(user(1), "rejected"), (user(2), "in_sync")}


@virtual
async def test_a_dynamic_group_takes_and_loses_nobody_by_hand() -> None:
    world = await world_with(user(1), user(2))
    world.directory.has_group(ENGINEERING, "Engineering", rule='(user.department -eq "E")')
    await world.wants(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(2), wanted=Wanted.ABSENT)

    await world.ensures()

    assert set(world.told()) == {(user(1), "rejected"), (user(2), "rejected")}
    assert "dynamic" in world.reasons()[0]
    assert not world.directory.writes


@virtual
async def test_a_role_assignable_group_is_never_touched() -> None:
    world = await world_with(user(1))
    world.directory.has_group(ENGINEERING, "Engineering", role_assignable=True)
    await world.wants(ENGINEERING, user(1))
    await world.wants(ENGINEERING, wanted=Wanted.GROUP)

    await world.ensures()

    assert [result for _, result in world.told()] == ["rejected", "rejected"]
    assert not world.directory.writes


@virtual
async def test_whoever_is_told_of_a_rejection_is_told_that_a_copy_of_the_event_is_not_taken() -> (
    None
):
    world = await world_with()
    for _ in range(2):
        await world.wants(ENGINEERING, user(1), event="hr-1")
        await world.ensures()
        world.directory.has_user(user(1))

    [told] = world.bus.of(PROVISIONING_OUTCOMES)
    assert told.body["data"]["result"] == "rejected"
    assert told.body["data"]["nextAction"].endswith("; then post it again with a new id and time")
    assert await world.members(ENGINEERING) == set()


@pytest.mark.parametrize(
    "given",
    [
        {"securityEnabled": False},
        {"securityEnabled": None},
        {"mailEnabled": True},
        {"mailEnabled": None},
    ],
)
@virtual
async def test_a_group_that_is_no_security_group_is_refused(given: dict[str, object]) -> None:
    """Nobody waits for ever for a group of which Graph does not say what it is."""
    world = await world_with(user(1))
    world.directory.has_group(ENGINEERING, "Engineering")
    shown = world.directory.group_objects[ENGINEERING]
    world.directory.group_objects[ENGINEERING] = {**shown, **given}
    await world.wants(ENGINEERING, user(1))

    await world.ensures()

    assert world.told() == [(user(1), "rejected")]
    assert not world.directory.writes


@virtual
async def test_people_in_nested_groups_are_counted_as_not_provisioned() -> None:
    world = await world_with(user(1))
    world.directory.has_group("nested", "Nested")
    world.directory.join("nested", user(2), user(3))
    world.directory.nest(ENGINEERING, "nested")
    await world.wants(ENGINEERING, user(1))

    await world.ensures()

    [nested] = [e for e in world.events if (e.name, e.result) == ("group", "nested")]
    assert nested.fields["not_provisioned"] == 2
    assert nested.problem


@virtual
async def test_a_target_in_observe_mode_says_what_it_would_have_done_and_writes_nothing() -> None:
    observing = Target(name=TOTAL, display_name=TOTAL, mode=Mode.OBSERVE)
    world = await world_with(user(1), target=observing)
    world.directory.join(ENGINEERING, user(2))
    await world.wants(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(2), wanted=Wanted.ABSENT)
    await world.wants("", user(1), name="New group")
    await world.wants(DIRECT, user(1))

    await world.ensures()

    assert {result for _, result in world.told()} == {"observed"}
    told = [message.body["data"] for message in world.bus.of(PROVISIONING_OUTCOMES)]
    assert all("then post the event again" in one["nextAction"] for one in told)
    assert set(world.reasons()) == {
        "the person would be added",
        "the person would be removed",
        "the group would be created and assigned",
        "the person would be assigned",
    }
    assert not world.directory.writes
    assert await world.ledger.open_changes(TOTAL) == []
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_another_role_in_the_policy_than_the_assigned_one_is_reported_not_enforced() -> None:
    policy = GroupPolicy(name="Engineering", role="Analyst")
    target = Target(name=TOTAL, display_name=TOTAL, groups=(policy,))
    world = await world_with(user(1), target=target)
    world.directory.has_group(ENGINEERING, "Engineering")
    world.directory.principals[0] = {
        **world.directory.principals[0],
        "appRoles": [
            {"id": f"role-{n}", "value": n, "displayName": n, "allowedMemberTypes": ["User"]}
            for n in ("Analyst", "Admin")
        ],
    }
    await world.wants(ENGINEERING, user(1))

    await world.ensures()

    [told] = [e for e in world.events if e.result == "another_role"]
    assert told.problem
    assert world.directory.writes == {"add_members": 1}
    assert Cause("/hr", "event-1") in (await world.row(ENGINEERING, user(1))).causes


@virtual
async def test_a_group_that_the_policy_no_longer_gives_to_events_is_not_touched() -> None:
    target = Target(name=TOTAL, display_name=TOTAL, groups=(GroupPolicy(name="Sales"),))
    world = await world_with(user(1), user(2), target=target)
    world.directory.has_group(ENGINEERING, "Engineering")
    world.directory.join(ENGINEERING, user(2))
    await world.wants(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(2), wanted=Wanted.ABSENT)

    await world.ensures()

    assert set(world.told()) == {(user(1), "rejected"), (user(2), "rejected")}
    assert not world.directory.writes


@virtual
async def test_nobody_is_assigned_without_a_group_once_the_policy_forbids_it() -> None:
    target = Target(name=TOTAL, display_name=TOTAL, groups=(GroupPolicy(name="Sales"),))
    world = await world_with(user(1), target=target)
    await world.wants(DIRECT, user(1))

    await world.ensures()

    assert world.told() == [(user(1), "rejected")]
    assert not world.directory.writes


@virtual
async def test_a_name_that_turns_out_to_be_an_admin_group_is_not_touched() -> None:
    by_id = GroupPolicy.model_validate({"id": ENGINEERING, "admin": True})
    groups = (GroupPolicy(name="TOTAL-*", create=Creation()), by_id)
    world = await world_with(user(1), target=Target(name=TOTAL, display_name=TOTAL, groups=groups))
    world.directory.has_group(ENGINEERING, "TOTAL-Admins")
    await world.wants("", user(1), name="TOTAL-Admins")

    await world.ensures()

    assert world.told() == [(user(1), "rejected")]
    assert not world.directory.writes


@pytest.mark.parametrize("is_assigned", [True, False])
def test_an_event_with_a_role_that_the_app_does_not_have_stands_in_no_others_way(
    *, is_assigned: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(user(1), user(2))
        world.directory.has_group(ENGINEERING, "Engineering")
        if not is_assigned:
            world.directory.groups.remove(ENGINEERING)
        await world.wants(ENGINEERING, user(1), role="Nonsense")
        await world.wants(ENGINEERING, user(2))

        await world.ensures()

        assert await world.members(ENGINEERING) == {user(2)}
        assert world.told() == [(user(1), "rejected")]

    run()

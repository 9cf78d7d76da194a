"""What events want of groups and people is brought about, once, and written down."""

import asyncio

import pytest

from hasten.domain.changes import DIRECT, Action, Cause, State, finished
from hasten.domain.intents import Wanted
from hasten.errors import PermanentError, TemporaryError
from hasten.policy import GroupPolicy
from hasten.ports.bus import ENSURE, PROVISIONING
from hasten.ports.directory import Member, NotYet
from hasten.services.messages import Ensure, Wake
from hasten.targets import Mode, Target
from tests.support.ensuring import EnsureQueue, Onboarding
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


async def world_with(*users: str, target: Target | None = None) -> Onboarding:
    world = Onboarding(target=target) if target else Onboarding()
    await world.is_discovered()
    for known in users:
        world.directory.has_user(known)
    return world


async def ended(world: Onboarding, *users: str, state: State = State.SUCCEEDED) -> None:
    for of in users:
        row = await world.row(ENGINEERING, of)
        await world.ledger.move([row], lambda r: finished(r, state, now=now()))


@virtual
async def test_new_members_are_added_written_down_and_the_target_is_woken() -> None:
    world = await world_with(user(1), user(2))
    [first, _] = await world.wants(ENGINEERING, user(1), user(2))

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(1), user(2)}
    row = await world.row(ENGINEERING, user(1))
    assert (row.action, row.ahead, row.found_by) == (Action.ADDED, True, "event")
    assert row.causes == (first.cause,)
    assert row.noticed_at == first.recorded_at
    assert [m.session for m in world.bus.of(PROVISIONING)] == [TOTAL]
    assert world.directory.writes == {"add_members": 1}
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_nothing_open_reads_and_sends_nothing() -> None:
    world = await world_with()

    await world.ensures()

    assert world.bus.sent == []


@virtual
async def test_a_member_the_ledger_does_not_know_is_provisioned_without_a_write() -> None:
    world = await world_with()
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1))

    await world.ensures()

    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    assert not world.directory.writes


@virtual
async def test_a_member_who_was_provisioned_already_is_in_sync_and_called_no_more() -> None:
    world = await world_with()
    await world.joined(ENGINEERING, user(1))
    await ended(world, user(1))
    await world.wants(ENGINEERING, user(1))

    await world.ensures()

    assert world.told() == [(user(1), "in_sync")]
    assert world.bus.of(PROVISIONING) == []


@virtual
async def test_a_member_whose_provisioning_failed_is_called_again() -> None:
    world = await world_with()
    await world.joined(ENGINEERING, user(1))
    await ended(world, user(1), state=State.FAILED)
    [intent] = await world.wants(ENGINEERING, user(1))

    await world.ensures()

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.causes) == (State.PENDING, (intent.cause,))


@virtual
async def test_an_open_row_takes_the_event_as_one_more_cause() -> None:
    world = await world_with()
    await world.joined(ENGINEERING, user(1))
    before = await world.row(ENGINEERING, user(1))
    [intent] = await world.wants(ENGINEERING, user(1))

    await world.ensures()

    row = await world.row(ENGINEERING, user(1))
    assert row.causes == (intent.cause,)
    assert row.found_at == before.found_at


@virtual
async def test_the_same_event_three_times_adds_once_and_calls_once() -> None:
    world = await world_with(user(1))

    for _ in range(3):
        await world.wants(ENGINEERING, user(1), event="hired")
        await world.ensures_until_done()
        await world.draining.drain(Wake(target=TOTAL))

    assert world.directory.writes == {"add_members": 1}
    assert len(world.directory.calls) == 1


@virtual
async def test_an_older_event_that_arrives_later_changes_nothing() -> None:
    world = await world_with(user(1))
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=5)
    await world.ensures()

    await world.wants(ENGINEERING, user(1), age=50)
    await world.ensures()

    assert await world.members(ENGINEERING) == set()
    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_a_leaver_is_removed_and_written_down() -> None:
    world = await world_with()
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)

    await world.ensures()

    assert await world.members(ENGINEERING) == set()
    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_someone_who_never_was_a_member_is_in_sync_without_a_call() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)

    await world.ensures()

    assert world.told() == [(user(1), "in_sync")]
    assert await world.ledger.find(TOTAL, ENGINEERING, user(1)) is None


@virtual
async def test_a_leaver_who_was_provisioned_and_is_no_member_any_more_is_revoked() -> None:
    world = await world_with()
    await world.joined(ENGINEERING, user(1))
    await ended(world, user(1))
    world.directory.leave(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)

    await world.ensures()

    row = await world.row(ENGINEERING, user(1))
    assert (row.action, row.is_open) == (Action.REMOVED, True)


@virtual
async def test_onboard_then_offboard_before_anything_was_done_adds_nobody() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1), age=1.5)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=1)

    await world.ensures()

    assert world.directory.writes == {"remove_member": 1}
    assert world.told() == [(user(1), "in_sync")]


@virtual
async def test_onboard_then_offboard_after_it_was_done_ends_with_the_revocation() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    await asyncio.sleep(0.5)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=0)

    await world.ensures()
    await world.draining.drain(Wake(target=TOTAL))

    assert await world.members(ENGINEERING) == set()
    row = await world.row(ENGINEERING, user(1))
    assert (row.action, row.state) == (Action.REMOVED, State.SUCCEEDED)
    assert len(world.directory.calls) == 1


@virtual
async def test_in_step_writes_nothing_to_the_directory_and_calls_as_it_is() -> None:
    world = await world_with(user(2))
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), user(2), wanted=Wanted.IN_STEP)

    await world.ensures()

    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    assert (await world.row(ENGINEERING, user(2))).action is Action.REMOVED
    assert not world.directory.writes


@virtual
async def test_in_step_calls_again_although_the_row_ended_well() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    await world.draining.drain(Wake(target=TOTAL))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.IN_STEP, age=0)

    await world.ensures()
    await world.draining.drain(Wake(target=TOTAL))

    assert len(world.directory.calls) == 2


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
        if user(7) not in {m.id for m in before}:
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
        await world.ensuring.ensure(Ensure(target="GONE"))


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
async def test_a_group_that_is_no_security_group_is_refused() -> None:
    world = await world_with(user(1))
    world.directory.has_group(ENGINEERING, "Engineering")
    shown = world.directory.group_objects[ENGINEERING]
    world.directory.group_objects[ENGINEERING] = {**shown, "securityEnabled": False}
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
async def test_a_person_without_a_group_is_assigned_and_unassigned() -> None:
    world = await world_with(user(1))
    await world.wants(DIRECT, user(1))
    await world.ensures()
    assert len(world.given(user(1))) == 1
    assert (await world.row(DIRECT, user(1))).action is Action.ADDED

    await asyncio.sleep(0.5)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    await world.ensures()

    assert world.given(user(1)) == []
    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED
    assert world.directory.writes == {"assign": 1, "unassign": 1}


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
async def test_a_new_member_waits_a_second_for_company_without_a_read() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1), age=0)
    started = now()

    await world.ensures()

    [again] = world.bus.of(ENSURE)
    assert again.at is not None
    assert (again.at - started).total_seconds() == 1
    assert not world.directory.writes
    await asyncio.sleep(1)
    await world.ensures()
    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_twenty_new_members_wait_for_nobody() -> None:
    users = [user(n) for n in range(25)]
    world = await world_with(*users)
    await world.wants(ENGINEERING, *users, age=0)

    await world.ensures()

    assert len(await world.members(ENGINEERING)) == 20
    assert len(world.bus.of(ENSURE)) == 1


@virtual
async def test_a_thousand_events_for_one_group_cost_fifty_writes_and_few_more() -> None:
    users = [user(n) for n in range(1000)]
    world = await world_with(*users)
    queue = EnsureQueue(world)
    delivered = 0

    async def events_arrive() -> None:
        for joining in users:
            await world.wants(ENGINEERING, joining, age=0)
            message = Ensure(target=TOTAL).message(f"event:{now().timestamp():.1f}")
            await world.bus.send(ENSURE, [message])
            await asyncio.sleep(0.02)

    arriving = asyncio.create_task(events_arrive())
    while not arriving.done() or await world.intents.open_intents(TOTAL):
        for _ in range(queue.take()):
            delivered += 1
            await world.ensures()
        await asyncio.sleep(0.01)

    assert len(await world.members(ENGINEERING)) == 1000
    assert world.directory.writes["add_members"] <= 1000 / 20 + 5
    assert len(await world.ledger.open_changes(TOTAL)) == 1000
    assert delivered < 400


@virtual
async def test_more_than_a_run_may_take_is_gone_on_with_by_another_message() -> None:
    users = [user(n) for n in range(250)]
    world = await world_with(*users)
    world.directory.join(ENGINEERING, *users)
    await world.wants(ENGINEERING, *users, wanted=Wanted.ABSENT)
    remove = world.directory.remove_member

    async def slowly(group: str, member: str) -> bool:
        await asyncio.sleep(1.5)
        return await remove(group, member)

    world.directory.remove_member = slowly  # type: ignore[method-assign]

    await world.ensures()

    assert len(await world.intents.open_intents(TOTAL)) == 50
    assert len(world.bus.of(ENSURE)) == 1
    await world.ensures()
    assert await world.members(ENGINEERING) == set()


@virtual
async def test_revocations_go_before_grants_whatever_came_first() -> None:
    world = await world_with(user(1))
    world.directory.join(ADMIN, user(2))
    await world.wants(ENGINEERING, user(1), age=50)
    await world.wants(ADMIN, user(2), wanted=Wanted.ABSENT)

    await world.ensures()

    assert list(world.directory.writes) == ["remove_member", "add_members"]


@virtual
async def test_a_policy_that_names_another_role_than_the_assigned_one_is_told_not_enforced() -> (
    None
):
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
async def test_a_removal_that_a_lagging_replica_denies_is_tried_again_until_it_is_done() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    await asyncio.sleep(0.5)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=0)
    remove = world.directory.remove_member

    async def knows_nobody_yet(group: str, member: str) -> bool:
        return False

    world.directory.remove_member = knows_nobody_yet  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(NotYet):
            await world.ensures()
        await asyncio.sleep(15)
    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    world.directory.remove_member = remove  # type: ignore[method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == set()
    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_someone_whom_no_replica_shows_for_minutes_has_left_another_way() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    world.directory.leave(ENGINEERING, user(1))
    await asyncio.sleep(121)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=0)

    await world.ensures()

    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_someone_taken_out_a_moment_ago_who_still_shows_is_added_once_they_are_gone() -> None:
    world = await world_with(user(1))
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures()
    await asyncio.sleep(0.5)
    await world.wants(ENGINEERING, user(1), age=0)
    await asyncio.sleep(1)
    read = world.directory.members

    async def as_it_was(group: str) -> list[Member]:
        return [Member(user(1), "user", removed=False)]

    world.directory.members = as_it_was  # type: ignore[method-assign]
    with pytest.raises(NotYet):
        await world.ensures()
    world.directory.members = read  # type: ignore[method-assign]

    await world.ensures()

    assert await world.members(ENGINEERING) == {user(1)}
    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED


@virtual
async def test_a_direct_assignment_that_does_not_show_yet_is_not_taken_for_gone() -> None:
    world = await world_with(user(1))
    await world.wants(DIRECT, user(1))
    await world.ensures()
    [given] = world.directory.granted.values()
    hidden = given[:]
    given.clear()
    await asyncio.sleep(0.5)
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT, age=0)
    with pytest.raises(NotYet):
        await world.ensures()
    given += hidden

    await world.ensures()

    assert world.given(user(1)) == []
    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED

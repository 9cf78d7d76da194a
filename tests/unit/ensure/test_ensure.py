"""What events want of groups and people is brought about, once, and written down."""

import asyncio

from hasten.domain.changes import Action, State
from hasten.domain.intents import Wanted
from hasten.domain.row_states import finished
from hasten.ensure.grant import MOST_DOUBTED_MEMBERS
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


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
    assert [m.body["target"] for m in world.bus.of(PROVISIONING)] == [TOTAL]
    assert world.directory.writes == {"add_members": 1}
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_nothing_open_reads_and_sends_nothing() -> None:
    world = await world_with()

    await world.ensures()

    assert world.bus.sent == []


@virtual
async def test_a_member_the_ledger_does_not_know_is_provisioned() -> None:
    world = await world_with()
    world.directory.join(ENGINEERING, user(1))
    await world.wants(ENGINEERING, user(1))

    await world.ensures()

    assert (await world.row(ENGINEERING, user(1))).action is Action.ADDED
    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_a_large_event_believes_the_list_of_members() -> None:
    people = [user(number) for number in range(MOST_DOUBTED_MEMBERS + 1)]
    world = await world_with(*people)
    for one in people:
        world.directory.join(ENGINEERING, one)
        await world.wants(ENGINEERING, one)

    await world.ensures()

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
        await drain(world.context, Wake(target=TOTAL))

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

    await world.ensures_until_done()

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

    await world.ensures_until_done()

    assert world.directory.writes == {"remove_member": 2}
    assert world.told() == [(user(1), "in_sync")]


@virtual
async def test_onboard_then_offboard_after_it_was_done_ends_with_the_revocation() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1))
    await world.ensures()
    await asyncio.sleep(0.5)
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=0)

    await world.ensures()
    await drain(world.context, Wake(target=TOTAL))

    assert await world.members(ENGINEERING) == set()
    row = await world.row(ENGINEERING, user(1))
    assert (row.action, row.state) == (Action.REMOVED, State.SUCCEEDED)
    assert len(world.directory.calls) == 1

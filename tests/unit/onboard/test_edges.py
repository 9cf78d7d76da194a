"""Groups that are not what they were, and what is parked so that it can be replayed."""

import asyncio
from datetime import timedelta

from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted, group_key
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import MAX_FAULTS
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.store import Put
from hasten.records.made_groups import MADE_GROUPS_COLLECTION
from tests.support.posting import ENSURE_GROUP, GROUP, OFFBOARD, Posting, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

MADE = "0000bbbb-0000-4000-9000-000000000007"


async def made(world: Posting, name: str, *, ago: timedelta) -> None:
    body = {"name": name, "creating_at": (now() - ago).isoformat(), "id": MADE}
    await world.store.commit(MADE_GROUPS_COLLECTION, TOTAL, [Put(group_key(name), body)])


@virtual
async def test_a_group_that_hasten_made_and_someone_deleted_is_made_again() -> None:
    world = Posting()
    await made(world, "Team-Gone", ago=REPLICATION_SETTLED_AFTER)

    await world.posts(event(users=[ref(1)], group={"name": "Team-Gone"}))

    assert await world.wanted(group_key("Team-Gone"), 1) is Wanted.MEMBER
    assert await world.wanted(MADE, 1) is None


@virtual
async def test_a_group_that_hasten_made_is_found_by_its_old_name_after_a_rename() -> None:
    world = Posting()
    await made(world, "Team-Old", ago=timedelta(0))
    world.directory.has_group(MADE, "Payroll")

    await world.posts(event(users=[ref(1)], group={"name": "Team-Old"}))

    assert await world.wanted(MADE, 1) is Wanted.MEMBER


@virtual
async def test_a_group_whose_making_has_ended_without_one_is_unknown() -> None:
    world = Posting()
    await world.posts(event(ENSURE_GROUP, group={"name": "Found-Later"}))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "rejected")

    await world.posts(event(users=[ref(1)], group={"name": "Found-Later"}, event_id="2"))

    assert world.parked()[0].properties["reason"] == FaultCode.UNKNOWN_GROUP


@virtual
async def test_a_leaver_leaves_a_group_that_is_too_new_to_show() -> None:
    world = Posting()
    await world.is_discovered()
    await made(world, "Team-New", ago=timedelta(0))
    await world.posts(event(users=[ref(1)], group={"name": "Team-New"}, age=1))

    await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2"))

    assert await world.wanted(MADE, 1) is Wanted.ABSENT


@virtual
async def test_a_direct_assignment_that_events_may_not_touch_is_reported() -> None:
    world = Posting()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.grant(user(1), kind="User")

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    [outcome] = world.outcomes()
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert await world.wanted(DIRECT, 1) is None
    assert (outcome["user"], outcome["group"]) == (user(1), DIRECT)
    assert "direct: allow" in outcome["nextAction"]


@virtual
async def test_an_end_that_is_parked_is_still_that_end_when_it_is_replayed() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(60)))
    [end] = world.sent_on()
    policy = world.target
    await asyncio.sleep(60)
    world.target = policy.model_copy(update={"groups": ()})
    await world.receives(end)
    world.target = policy
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2"))

    await world.receives(world.parked()[0])

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@virtual
async def test_an_end_that_comes_early_is_kept_until_its_time() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(60)))
    [end] = world.sent_on()

    await world.receives(end)

    assert [message.at for message in world.sent_on()] == [end.at, end.at]
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    await asyncio.sleep(60)
    await world.receives(world.sent_on()[-1])
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_the_admin_group_cannot_be_reached_by_its_name_in_other_letters() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1)], group={"name": " total-ADMIN "}))

    assert world.parked()[0].properties["reason"] == FaultCode.FORBIDDEN_GROUP
    assert await world.wanted(ADMIN, 1) is None


@virtual
async def test_hundreds_of_unknown_people_are_parked_with_as_many_reasons_as_a_message_holds() -> (
    None
):
    world = Posting()
    unknown = [{"upn": f"nobody{number}@contoso.example"} for number in range(499)]

    await world.posts(event(users=[ref(1), *unknown], group=GROUP))

    [parked] = world.parked_events()
    assert parked["data"]["users"] == unknown
    assert len(world.faults()) == MAX_FAULTS
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER

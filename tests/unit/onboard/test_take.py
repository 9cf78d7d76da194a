"""From a posted event to written intents."""

import json

import pytest

from hasten.domain.changes import DIRECT, Cause, State
from hasten.domain.intents import THE_GROUP, Wanted, group_key
from hasten.domain.outcomes import REJECTED, STALE
from hasten.events.envelope import STRUCTURED
from hasten.limits import MAX_USERS_PER_EVENT
from hasten.onboard.take import BUCKET
from hasten.ports.store import Put
from hasten.records.made_groups import COLLECTION
from tests.support.posting import (
    ENSURE_GROUP,
    OFFBOARD,
    ONBOARD,
    PROVISION,
    UPN,
    Posting,
    event,
    ref,
    total,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

GROUP = {"name": "TOTAL-Engineering"}


@virtual
async def test_an_onboarding_becomes_the_intent_that_the_user_is_a_member_of_the_group() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1)], group={"id": ENGINEERING}, role="User"))

    intent = await world.intent(ENGINEERING, 1)
    assert intent is not None
    assert (intent.wanted, intent.time, intent.cause) == (Wanted.MEMBER, now(), Cause("/hr", "1"))
    assert intent.spec == {"role": "User"}


@pytest.mark.parametrize(
    "key",
    [{"upn": UPN.format(1).upper()}, {"mail": "mail1@contoso.example"}, {"employeeId": "E1"}],
)
def test_a_user_is_found_by_any_key_and_a_group_by_its_name(key: dict[str, str]) -> None:
    @virtual
    async def run() -> None:
        world = Posting()

        await world.posts(event(users=[key], group={"name": "total-engineering"}))

        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER

    run()


@virtual
async def test_a_user_who_is_named_twice_is_one() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1), {"upn": UPN.format(1)}], group=GROUP))

    assert len(await world.intents.open_intents(TOTAL)) == 1


@virtual
async def test_an_event_in_binary_mode_is_read_from_its_properties() -> None:
    world = Posting()
    given = event(users=[ref(1)], group=GROUP)
    attributes = {f"cloudEvents:{name}": given[name] for name in given if name != "data"}

    await world.posts(
        json.dumps(given["data"]).encode(),
        properties={name.encode(): value.encode() for name, value in attributes.items()},
    )

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@virtual
async def test_an_event_in_structured_mode_may_begin_with_a_byte_order_mark() -> None:
    world = Posting()
    body = b"\xef\xbb\xbf" + json.dumps(event(users=[ref(1)], group=GROUP)).encode()

    await world.posts(body, content_type="application/CloudEvents+json; charset=utf-8")

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@virtual
async def test_the_target_is_told_to_ensure_at_once_and_at_the_end_of_the_bucket() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1)], group=GROUP))
    await world.posts(event(users=[ref(2)], group=GROUP, event_id="2"))

    messages = world.bus.of("ensure")
    assert world.ensured() == [None, now() + BUCKET, None, now() + BUCKET]
    assert len({message.message_id for message in messages}) == 2
    assert {message.body["target"] for message in messages} == {TOTAL}


# --- groups ---


@virtual
async def test_a_group_that_the_policy_makes_is_wanted_by_name() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1)], group={"name": "Team-New"}))

    intent = await world.intent(group_key("Team-New"), 1)
    assert intent is not None
    assert (intent.wanted, intent.group_name) == (Wanted.MEMBER, "Team-New")


@virtual
async def test_a_group_made_a_moment_ago_is_known_before_any_replica_shows_it() -> None:
    world = Posting()
    made = "0000bbbb-0000-4000-9000-000000000007"
    body = {"name": "Team-New", "creating_at": now().isoformat(), "id": made}
    await world.store.commit(COLLECTION, TOTAL, [Put(group_key("Team-New"), body)])

    await world.posts(event(users=[ref(1)], group={"name": "team-new"}))

    assert await world.wanted(made, 1) is Wanted.MEMBER


@virtual
async def test_a_group_that_an_earlier_event_makes_may_be_named_before_it_is_there() -> None:
    world = Posting()
    group = {"name": "Found-Later"}

    await world.posts(event(ENSURE_GROUP, group=group))
    await world.posts(event(users=[ref(1)], group=group, event_id="2"))

    assert await world.wanted(group_key("Found-Later"), 1) is Wanted.MEMBER
    assert not world.parked()


@virtual
async def test_ensuring_a_group_says_how_to_make_it_and_who_is_in_it() -> None:
    world = Posting()

    await world.posts(
        event(
            ENSURE_GROUP,
            group={"name": "Team-New"},
            description="The new team",
            owners=[{"upn": UPN.format(9)}],
            role="User",
            members=[ref(1), ref(2)],
        )
    )

    key = group_key("Team-New")
    itself = await world.intents.find(TOTAL, key, THE_GROUP)
    assert itself is not None
    assert itself.wanted is Wanted.GROUP
    assert itself.spec == {"description": "The new team", "owners": [user(9)], "role": "User"}
    assert [await world.wanted(key, number) for number in (1, 2)] == [Wanted.MEMBER] * 2


@virtual
async def test_ensuring_a_dynamic_group_keeps_its_rule() -> None:
    world = Posting()

    await world.posts(event(ENSURE_GROUP, group={"name": "Team-New"}, rule="user.x -eq 1"))

    itself = await world.intents.find(TOTAL, group_key("Team-New"), THE_GROUP)
    assert itself is not None
    assert itself.spec == {"rule": "user.x -eq 1"}


@virtual
async def test_an_unknown_owner_refuses_the_group_as_a_whole() -> None:
    world = Posting()

    await world.posts(event(ENSURE_GROUP, group={"name": "Team-New"}, owners=[ref(404)]))

    assert world.faults()[0]["field"] == "data.owners[0].id"
    assert not await world.intents.open_intents(TOTAL)


@virtual
async def test_the_admin_group_may_be_touched_where_the_policy_says_so() -> None:
    groups = [{"name": "TOTAL-Admin", "admin": True, "events": "allow"}]
    world = Posting(target=total(groups=groups))

    await world.posts(event(users=[ref(1)], group={"id": ADMIN}))

    assert await world.wanted(ADMIN, 1) is Wanted.MEMBER


@virtual
async def test_without_a_group_a_user_is_assigned_where_the_target_allows_it() -> None:
    world = Posting(target=total(direct="allow"))

    await world.posts(event(users=[ref(1)]))

    assert await world.wanted(DIRECT, 1) is Wanted.MEMBER


@virtual
async def test_people_of_a_dynamic_group_can_be_provisioned_although_not_added() -> None:
    world = Posting()
    dynamic = "0000bbbb-0000-4000-8000-00000000000d"
    world.directory.has_group(dynamic, "Found-Dynamic", rule="user.x -eq 1")

    await world.posts(event(PROVISION, users=[ref(1)], group={"id": dynamic}))

    assert await world.wanted(dynamic, 1) is Wanted.IN_STEP


# --- partial trouble ---


@virtual
async def test_one_unknown_person_of_twenty_is_parked_alone_and_the_others_go_on() -> None:
    world = Posting()
    people = [ref(number) for number in range(1, 20)]

    await world.posts(
        event(users=[*people[:5], {"upn": "nobody@x.example"}, *people[5:]], group=GROUP)
    )

    [parked] = world.parked_events()
    [outcome] = world.outcomes()
    assert len(await world.intents.open_intents(TOTAL)) == 19
    assert parked["data"] == {
        "target": TOTAL,
        "users": [{"upn": "nobody@x.example"}],
        "group": GROUP,
    }
    assert (parked["id"], parked["source"], parked["type"]) == ("1", "/hr", ONBOARD)
    assert world.parked()[0].content_type == STRUCTURED
    assert outcome["result"] == REJECTED
    assert outcome["details"][0]["field"] == "data.users[5].upn"


@virtual
async def test_two_parts_of_one_event_about_unknown_people_are_told_apart() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1), {"upn": "a@x.example"}], group=GROUP))
    await world.posts(event(users=[ref(2), {"upn": "b@x.example"}], group=GROUP))

    ids = [message.message_id for message in world.bus.of("provisioning-outcomes")]
    assert len(set(ids)) == 2


@virtual
async def test_a_parked_part_that_is_posted_again_after_the_fix_is_obeyed() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1), {"upn": "late@x.example"}], group=GROUP))
    world.directory.has_user(user(40), upn="late@x.example")

    await world.receives(world.parked()[0])

    assert await world.wanted(ENGINEERING, 40) is Wanted.MEMBER
    assert len(world.parked()) == 1


@virtual
async def test_of_several_groups_the_forbidden_one_is_parked_and_the_others_are_left() -> None:
    world = Posting()

    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[{"id": ADMIN}, {"id": ENGINEERING}]))

    [parked] = world.parked_events()
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert parked["data"]["groups"] == [{"id": ADMIN}]
    assert parked["data"]["users"] == [ref(1)]


@virtual
async def test_whole_event_trouble_leaves_nothing_done() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1), ref(2)], group={"id": ADMIN}), message_id="m-7")

    [parked] = world.parked()
    assert not await world.intents.open_intents(TOTAL)
    assert parked.subject == ONBOARD
    assert parked.properties["originalMessageId"] == "m-7"
    assert parked.properties["rejectedAt"] == now().isoformat()
    assert parked.properties["contentType"] == "application/json"
    assert [event.problem for event in world.events if event.name == "onboarding"] == [True]


@virtual
async def test_an_event_in_binary_mode_is_parked_with_its_attributes() -> None:
    world = Posting()
    attributes = {"cloudEvents:specversion": "1.0", "cloudEvents:id": "9", "traceparent": "t"}

    await world.posts(b"{}", properties=attributes)

    [parked] = world.parked()
    assert parked.raw == b"{}"
    assert parked.properties.items() >= {"cloudEvents:id": "9"}.items()
    assert "traceparent" not in parked.properties
    assert world.outcomes()[0]["causes"] == [{"source": "/hasten/unread", "id": "9"}]


# --- offboarding ---


@virtual
async def test_without_groups_a_leaver_leaves_every_group_that_assigns_them() -> None:
    world = Posting(target=total(direct="allow"))
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.grant(user(1), kind="User")

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert await world.wanted(DIRECT, 1) is Wanted.ABSENT
    assert not world.parked()


@virtual
async def test_without_groups_what_events_may_not_touch_is_told_for_user_and_group() -> None:
    world = Posting()
    await world.is_discovered()
    world.directory.join(ADMIN, user(1))
    world.directory.join(ENGINEERING, user(1))

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    [outcome] = world.outcomes()
    [parked] = world.parked_events()
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert (outcome["result"], outcome["user"], outcome["group"]) == (REJECTED, user(1), ADMIN)
    assert "events: allow" in outcome["nextAction"]
    assert parked["data"] == {"target": TOTAL, "users": [ref(1)], "groups": [{"id": ADMIN}]}


@virtual
async def test_a_leaver_who_is_not_assigned_is_told_to_be_in_step() -> None:
    world = Posting()
    await world.is_discovered()

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    assert [(o["result"], o["user"]) for o in world.outcomes()] == [(State.IN_SYNC, user(1))]
    assert not world.ensured()


@virtual
async def test_provisioning_without_a_group_goes_through_every_group_of_the_person() -> None:
    world = Posting()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))

    await world.posts(event(PROVISION, users=[ref(1)]))

    assert await world.wanted(ENGINEERING, 1) is Wanted.IN_STEP


# --- what is larger than one event may be ---


@virtual
async def test_an_event_with_too_many_people_is_split_into_events_of_the_same_id() -> None:
    world = Posting()
    people = [ref(1000 + number) for number in range(2 * MAX_USERS_PER_EVENT + 1)]

    await world.posts(event(users=people, group=GROUP, event_id="big"))

    parts = [json.loads(message.raw or b"") for message in world.sent_on()]
    sizes = [len(part["data"]["users"]) for part in parts]
    assert sizes == [MAX_USERS_PER_EVENT, MAX_USERS_PER_EVENT, 1]
    assert [known for part in parts for known in part["data"]["users"]] == people
    assert {(part["id"], part["source"]) for part in parts} == {("big", "/hr")}
    assert not world.parked()
    assert not await world.intents.open_intents(TOTAL)


@virtual
async def test_the_members_of_a_group_to_ensure_are_split_too() -> None:
    world = Posting()
    people = [ref(1000 + number) for number in range(MAX_USERS_PER_EVENT + 1)]

    await world.posts(event(ENSURE_GROUP, group={"name": "Team-X"}, members=people, role="User"))

    parts = [json.loads(message.raw or b"")["data"] for message in world.sent_on()]
    assert [len(part["members"]) for part in parts] == [MAX_USERS_PER_EVENT, 1]
    assert {part["role"] for part in parts} == {"User"}


@virtual
async def test_nothing_personal_is_told_to_the_log() -> None:
    world = Posting()

    await world.posts(event(users=[{"upn": UPN.format(1)}, {"mail": "x@y.example"}], group=GROUP))
    await world.posts(event(users=[{"upn": UPN.format(1)}], group={"name": "Payroll"}))
    await world.posts(event(users=[{"x@y.example": 1}], group=GROUP))

    told = json.dumps([event.fields for event in world.events])
    assert "@" not in told
    assert "TOTAL-Engineering" not in told
    assert "Payroll" not in told


@virtual
async def test_an_older_event_than_the_one_known_is_told_to_be_stale() -> None:
    world = Posting()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="2"))

    await world.posts(event(users=[ref(1), ref(2)], group=GROUP, age=60))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert await world.wanted(ENGINEERING, 2) is Wanted.MEMBER
    assert [(o["result"], o["user"]) for o in world.outcomes()] == [(STALE, user(1))]

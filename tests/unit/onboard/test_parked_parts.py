"""Events of which a part is parked or which are split."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED
from hasten.events.envelope import STRUCTURED
from hasten.limits import MAX_USERS_PER_EVENT
from tests.support.lying_ahead import World
from tests.support.posting import (
    ENSURE_GROUP,
    GROUP,
    OFFBOARD,
    ONBOARD,
    Posting,
    at,
    event,
    ref,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


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
async def test_two_parts_of_one_event_about_unknown_people_have_different_ids() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1), {"upn": "a@x.example"}], group=GROUP))
    await world.posts(event(users=[ref(2), {"upn": "b@x.example"}], group=GROUP))

    ids = [message.message_id for message in world.bus.of("provisioning-outcomes")]
    assert len(set(ids)) == 2


def rejections(world: Posting) -> list[str]:
    return [message.message_id for message in world.bus.of("provisioning-outcomes")]


@pytest.mark.parametrize("others", [[], [ref(1)]], ids=["whole", "part"])
@virtual
async def test_what_is_rejected_again_for_another_reason_has_another_outcome(
    others: list[dict[str, str]],
) -> None:
    world = Posting()
    await world.posts(event(users=[*others, {"upn": "two@x.example"}], group=GROUP))
    await world.receives(world.parked()[-1])
    for number in (40, 41):
        world.directory.has_user(user(number), upn="two@x.example")

    await world.receives(world.parked()[-1])

    reasons = [outcome["reason"] for outcome in world.outcomes()]
    assert [reason in reasons[-2] for reason in reasons[-2:]] == [True, False]
    ids = rejections(world)
    assert ids[-1] not in ids[:-1]


@virtual
async def test_two_parts_that_are_rejected_again_have_an_outcome_each() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1), {"upn": "a@x.example"}], group=GROUP))
    await world.posts(event(users=[ref(2), {"upn": "b@x.example"}], group=GROUP))

    for parked in list(world.parked()):
        await world.receives(parked)

    assert len(set(rejections(world)[2:])) == 2


@virtual
async def test_an_event_that_is_delivered_twice_is_rejected_with_one_outcome() -> None:
    world = Posting()
    for _ in range(2):
        await world.posts(event(users=[{"upn": "a@x.example"}], group=GROUP))

    assert len(set(rejections(world))) == 1


@virtual
async def test_a_parked_part_that_is_posted_again_after_the_fix_is_obeyed() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1), {"upn": "late@x.example"}], group=GROUP))
    world.directory.has_user(user(40), upn="late@x.example")

    await world.receives(world.parked()[0])

    assert await world.wanted(ENGINEERING, 40) is Wanted.MEMBER
    assert len(world.parked()) == 1


@virtual
async def test_a_leaver_leaves_the_allowed_groups_and_the_forbidden_one_is_parked() -> None:
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


@pytest.mark.parametrize("date", ["startAt", "endAt"])
@virtual
async def test_the_largest_event_with_a_date_waits_for_it_in_parts(date: str) -> None:
    """Together its people and their description would not fit into one document of the store."""
    world = World()
    groups = {"group": GROUP} if date == "startAt" else {"groups": [GROUP]}
    given: dict[str, Any] = {**groups, date: at(3600)}
    people = [
        str(UUID(bytes=sha256(bytes([n % 256, n // 256])).digest()[:16])) for n in range(4000)
    ]
    kind = ONBOARD if date == "startAt" else OFFBOARD
    body = event(kind, users=[{"id": one} for one in people], **given)
    await world.posts(json.dumps(body, separators=(",", ":")).encode())
    parts = world.sent_on()
    await world.receives(parts[0])

    sent = [one["id"] for part in parts for one in json.loads(part.raw or b"")["data"]["users"]]
    [waits] = await world.ahead()
    assert sent == people
    assert waits.users == people[:MAX_USERS_PER_EVENT]


@virtual
async def test_the_members_of_a_group_to_ensure_are_split_too() -> None:
    world = Posting()
    people = [ref(1000 + number) for number in range(MAX_USERS_PER_EVENT + 1)]

    await world.posts(event(ENSURE_GROUP, group={"name": "Team-X"}, members=people, role="User"))

    parts = [json.loads(message.raw or b"")["data"] for message in world.sent_on()]
    assert [len(part["members"]) for part in parts] == [MAX_USERS_PER_EVENT, 1]
    assert {part["role"] for part in parts} == {"User"}

"""Events and the intents that they become."""

import json

import pytest

from hasten.domain.changes import Cause
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import STALE
from hasten.onboard.take import WAKE_BUCKET
from tests.support.posting import (
    GROUP,
    OFFBOARD,
    UPN,
    Posting,
    event,
    ref,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


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
async def test_ensure_messages_are_sent_for_now_and_for_the_end_of_the_bucket() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1)], group=GROUP))
    await world.posts(event(users=[ref(2)], group=GROUP, event_id="2"))

    messages = world.bus.of("ensure")
    assert world.ensured() == [None, now() + WAKE_BUCKET, None, now() + WAKE_BUCKET]
    assert len({message.message_id for message in messages}) == 2
    assert {message.body["target"] for message in messages} == {TOTAL}


@virtual
async def test_no_personal_data_is_logged() -> None:
    world = Posting()

    await world.posts(event(users=[{"upn": UPN.format(1)}, {"mail": "x@y.example"}], group=GROUP))
    await world.posts(event(users=[{"upn": UPN.format(1)}], group={"name": "Payroll"}))
    await world.posts(event(users=[{"x@y.example": 1}], group=GROUP))

    told = json.dumps([event.fields for event in world.events])
    assert "@" not in told
    assert "TOTAL-Engineering" not in told
    assert "Payroll" not in told


@virtual
async def test_an_event_older_than_the_known_one_is_stale() -> None:
    world = Posting()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="2"))

    await world.posts(event(users=[ref(1), ref(2)], group=GROUP, age=60))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert await world.wanted(ENGINEERING, 2) is Wanted.MEMBER
    assert [(o["result"], o["user"]) for o in world.outcomes()] == [(STALE, user(1))]

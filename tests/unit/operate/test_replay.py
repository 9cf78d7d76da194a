"""Parked events and dead letters go back to where they are read."""

import json
from dataclasses import replace

import pytest

from hasten.errors import TemporaryError
from hasten.operate.parked_events import drop_parked
from hasten.operate.replay import event_id, parked, replay_parked, why
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ONBOARDING_EVENTS,
    ONBOARDING_REJECTED,
    PROVISIONING,
)
from hasten.ports.dead_letters import Parked
from hasten.records import drops
from tests.fakes.bus import FakeBus
from tests.fakes.dead_letters import FakeParkedMessages
from tests.support.world import World

REJECTED = Parked(
    number=1,
    message_id="parked-1",
    body=json.dumps({"id": "event-1"}).encode(),
    content_type="application/cloudevents+json",
    properties={
        "reason": "unknown user",
        "fields": "[]",
        "rejectedAt": "2026-11-24T09:00:00+00:00",
        "originalMessageId": "posted-1",
        "contentType": "application/cloudevents+json",
        "hastenEndOf": "event-0",
    },
)
DEAD = Parked(number=7, message_id="wake-7", body=b'{"target":"TOTAL"}')


class Ids(World):
    def new_id(self) -> str:
        return "0123456789abcdef"


async def sent_again(queue: str, parked: Parked, *, dead_letters: bool) -> FakeBus:
    bus, parked_messages = FakeBus(), FakeParkedMessages({(queue, dead_letters): [parked]})
    assert (
        await replay_parked(
            Ids(bus=bus, parked_messages=parked_messages).context,
            queue,
            [parked],
            dead_letters=dead_letters,
            by="os:kim",
            reason="a test",
        )
        == 1
    )
    assert parked_messages.lying[queue, dead_letters] == []
    return bus


async def test_a_rejected_event_is_posted_again_as_it_was() -> None:
    bus = await sent_again(ONBOARDING_REJECTED, REJECTED, dead_letters=False)

    [message] = bus.of(ONBOARDING_EVENTS)
    assert (message.raw, message.message_id) == (REJECTED.body, "posted-1")
    assert message.content_type == REJECTED.content_type
    assert message.properties == {"hastenEndOf": "event-0"}


async def test_a_dead_letter_goes_to_its_own_queue() -> None:
    bus = await sent_again(PROVISIONING, DEAD, dead_letters=True)

    [message] = bus.of(PROVISIONING)
    assert message.raw == DEAD.body
    assert message.message_id == "wake-7"


@pytest.mark.parametrize("name", ["wake-7", "x" * 128])
async def test_a_dead_letter_gets_another_id_where_duplicates_are_dropped(name: str) -> None:
    """One that Service Bus takes, however long the id of the message is."""
    bus = await sent_again(DIRECTORY_CHANGES, replace(DEAD, message_id=name), dead_letters=True)

    [message] = bus.of(DIRECTORY_CHANGES)
    assert message.message_id == "0123456789abcdef"


async def test_the_tries_of_a_dead_letter_begin_anew() -> None:
    dead = replace(DEAD, properties={"hastenCrashes": "9", "traceparent": "00-1-2-01"})
    bus = await sent_again(PROVISIONING, dead, dead_letters=True)

    [message] = bus.of(PROVISIONING)
    assert message.properties == {"traceparent": "00-1-2-01"}


async def test_an_expired_rejection_is_parked_again_with_its_reasons() -> None:
    bus = await sent_again(ONBOARDING_REJECTED, REJECTED, dead_letters=True)

    [message] = bus.of(ONBOARDING_REJECTED)
    assert message.properties == REJECTED.properties


async def test_a_message_that_cannot_be_sent_stays_in_its_queue() -> None:
    bus, parked_messages = FakeBus(), FakeParkedMessages({(PROVISIONING, True): [DEAD]})
    bus.down = True

    with pytest.raises(TemporaryError):
        await replay_parked(
            Ids(bus=bus, parked_messages=parked_messages).context,
            PROVISIONING,
            [DEAD],
            dead_letters=True,
            by="os:kim",
            reason="a test",
        )

    assert parked_messages.lying[PROVISIONING, True] == [DEAD]


@pytest.mark.parametrize("wanted", ["event-1", "parked-1", "posted-1"])
async def test_one_is_chosen_by_the_id_of_its_event_or_of_its_message(wanted: str) -> None:
    other = replace(REJECTED, number=2, message_id="parked-2", body=b"{}", properties={})
    world = World()
    world.parked_messages.lying[ONBOARDING_REJECTED, False] = [REJECTED, other]

    found = await parked(world.context, ONBOARDING_REJECTED, dead_letters=False, ids={wanted})

    assert found == [REJECTED]


@pytest.mark.parametrize(
    ("body", "properties", "expected"),
    [
        (b'{"id": "in the body"}', {}, "in the body"),
        (b"{}", {"cloudEvents:id": "in a property"}, "in a property"),
        (b"not JSON", {}, ""),
        (b"[]", {}, ""),
    ],
)
def test_the_id_of_an_event_is_read_from_either_mode(
    body: bytes, properties: dict[str, str], expected: str
) -> None:
    assert event_id(replace(REJECTED, body=body, properties=properties)) == expected


@pytest.mark.parametrize("body", [b"[" * 90_000, b'{"id": {}}', b'{"id": "' + b"9" * 300 + b'"}'])
def test_an_event_without_an_id_that_can_be_read_is_listed_all_the_same(body: bytes) -> None:
    assert event_id(replace(REJECTED, body=body)) == ""


def test_a_rejected_event_is_shown_with_its_faults_and_their_fixes() -> None:
    wrong = [{"field": "data.users[0].upn", "problem": "no such user", "fix": "correct it"}]
    fields = {**REJECTED.properties, "fields": json.dumps(wrong)}

    assert why(replace(REJECTED, properties=fields)) == (
        "unknown user",
        "data.users[0].upn",
        "no such user",
        "correct it",
    )


@pytest.mark.parametrize("fields", ["{", "[]", "[1]", "{}", '[{"field": 1}]', "[" * 90_000])
def test_a_reason_that_hasten_did_not_write_is_shortened(fields: str) -> None:
    dead = replace(DEAD, reason="MaxDeliveryCountExceeded", properties={"fields": fields})

    assert why(dead) == ("MaxDeliveryCountExceeded", "", "", "")


async def test_a_dropped_message_is_removed_and_sent_nowhere() -> None:
    lying = FakeParkedMessages(
        {(ONBOARDING_REJECTED, False): [REJECTED, replace(REJECTED, number=99)]}
    )

    world = World(parked_messages=lying)
    dropped = await drop_parked(
        world.context,
        ONBOARDING_REJECTED,
        [REJECTED],
        dead_letters=False,
        by="an operator",
        reason="it was posted twice",
    )

    [kept] = await drops.load_all(world.store)
    assert (kept.by, kept.reason, kept.event) == ("an operator", "it was posted twice", "event-1")
    left = await lying.parked(ONBOARDING_REJECTED, dead_letters=False)
    assert (dropped, [one.number for one in left]) == (1, [99])


def posted(*users: dict[str, str], **envelope: str) -> bytes:
    return json.dumps({"id": "e", **envelope, "data": {"users": users}}).encode()


async def dropped_of(*lying: Parked) -> list[drops.Dropped]:
    world = World(parked_messages=FakeParkedMessages({(ONBOARDING_EVENTS, True): [*lying]}))
    dropped = await drop_parked(
        world.context, ONBOARDING_EVENTS, lying, dead_letters=True, by="an operator", reason="twice"
    )
    assert dropped == len(lying)
    return [*await drops.load_all(world.store)]


WIDEST = "\U0001f600"
"""Twelve characters where JSON escapes it."""


@pytest.mark.parametrize("name", ["", "urn:hr/7", "a#b?c\\d", "x\n", "x" * 128, WIDEST * 128])
async def test_a_message_is_dropped_whatever_its_producer_calls_it(name: str) -> None:
    [kept] = await dropped_of(Parked(number=1, message_id=name, body=b"{}"))

    assert kept.message == name


async def test_each_event_that_is_dropped_leaves_a_trace_although_all_have_one_message_id() -> None:
    lying = [
        Parked(number=n, message_id="same", body=posted({"upn": f"{n}@x"}, id=f"e-{n}"))
        for n in range(3)
    ]

    assert {kept.event for kept in await dropped_of(*lying)} == {"e-0", "e-1", "e-2"}


@pytest.mark.parametrize("count", [0, *(drops.PEOPLE_PER_RECORD + n for n in (-1, 0, 1)), 16_000])
async def test_everybody_whom_a_dropped_event_names_is_in_a_record(count: int) -> None:
    body = posted(*({"upn": str(n)} for n in range(count)))

    kept = await dropped_of(Parked(number=1, message_id="m", body=body))

    assert len({user for one in kept for user in one.users}) == count
    assert len(kept) == max(1, -(-count // drops.PEOPLE_PER_RECORD))


@pytest.mark.parametrize(
    "body",
    [
        posted({"id": WIDEST * 40_000}),
        posted({"id": "x"}, source=WIDEST * 40_000),
        json.dumps({"id": "e", "data": {"target": WIDEST * 40_000}}).encode(),
    ],
    ids=["no object id", "source", "target"],
)
async def test_an_event_is_dropped_whatever_is_too_long_in_it(body: bytes) -> None:
    assert await dropped_of(Parked(number=1, message_id="m", body=body))

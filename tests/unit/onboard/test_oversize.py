"""Whatever is posted, it is parked at the first try: the message fits Service Bus, its properties
as well."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessageBatch

from hasten.adapters.servicebus import encoded
from hasten.events.fault_codes import FaultCode
from hasten.events.fault_texts import MAX_EVENT_BODY_BYTES
from hasten.limits import MAX_EVENT_BYTES, MAX_PROPERTIES_BYTES
from hasten.onboard.message import (
    MAX_PROPERTIES,
    PROPERTY_MAX_BYTES,
    PROPERTY_NAME_MAX_CHARS,
)
from hasten.operate.scheduled import BroughtForward, bring_forward, find
from hasten.ports.bus import ONBOARDING_EVENTS, ONBOARDING_REJECTED, PROVISIONING_OUTCOMES, Message
from tests.support.lying_ahead import WHY, World
from tests.support.posting import GROUP, OFFBOARD, Posting, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user

WIDEST = "\U0001f600"
"""Four bytes in UTF-8, and twelve characters where JSON escapes it."""

LARGEST_HEADER = {
    "content_type": "application/json; x=" + WIDEST * 10_000,
    "message_id": WIDEST * 128,
    "properties": {
        **{
            f"cloudEvents:{name}": WIDEST * 8_000
            for name in ("specversion", "id", "source", "type", "time")
        },
        **{
            f"ce_{WIDEST * (PROPERTY_NAME_MAX_CHARS - 5)}{n:02}": WIDEST * PROPERTY_MAX_BYTES
            for n in range(2 * MAX_PROPERTIES)
        },
        "hastenEndOf": WIDEST * 8_000,
        "hastenTries": "9" * 8_000,
    },
}
"""More of everything than Hasten keeps."""

BODIES: dict[str, Callable[[], bytes]] = {
    "empty": bytes,
    "as large as an event may be": lambda: b"x" * MAX_EVENT_BODY_BYTES,
    "larger than that": lambda: b"x" * (MAX_EVENT_BODY_BYTES + 1),
    "as large as a message of the Standard tier": lambda: b"x" * MAX_EVENT_BYTES,
    "as large as a message of the Premium tier": lambda: b"x" * 100 * 1024 * 1024,
    "as many faults as are published": lambda: (
        json.dumps({f"{WIDEST * 60}{n}": 1 for n in range(999)})
        .encode()
        .ljust(MAX_EVENT_BODY_BYTES)
    ),
    "twenty keys given twice": (
        "{" + ",".join(f'"{WIDEST * 200}{n}":1,"{WIDEST * 200}{n}":1' for n in range(40)) + "}"
    ).encode,
}
"""Made only when a test needs one, since the largest has 100 MiB."""


def sizes(message: Message) -> tuple[int, int]:
    """Bytes of the whole message and of what is not its body, as the SDK encodes it."""
    batch = ServiceBusMessageBatch(max_size_in_bytes=1 << 30)
    made, _ = encoded(message)
    batch.add_message(made)
    return batch.size_in_bytes, batch.size_in_bytes - len(b"".join(made.body))


def fits(world: Posting) -> None:
    """Every message that Hasten sent."""
    for queue in (ONBOARDING_EVENTS, ONBOARDING_REJECTED, PROVISIONING_OUTCOMES):
        for message in world.bus.of(queue):
            whole, header = sizes(message)
            assert whole <= MAX_EVENT_BYTES
            assert header <= MAX_PROPERTIES_BYTES


@pytest.mark.parametrize("how", [{}, LARGEST_HEADER], ids=["no header", "largest header"])
@pytest.mark.parametrize("name", BODIES)
def test_the_largest_message_is_parked_within_the_limits_of_service_bus(
    name: str, how: dict[str, Any]
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()

        await world.posts(BODIES[name](), **how)

        assert len(world.parked()) == len(world.outcomes()) == 1
        fits(world)

    run()


@virtual
async def test_the_largest_good_event_is_split_and_put_off_within_the_limits() -> None:
    world = Posting()
    users = [{"employeeId": "漢" * 200} for _ in range(310)]
    for data in (event(users=users, group=GROUP), event(OFFBOARD, users=users, endAt=at(900))):
        body = json.dumps(data, ensure_ascii=False).encode()
        assert len(body) > MAX_EVENT_BODY_BYTES - 10_000

        await world.posts(body)

        fits(world)
    assert world.sent_on()
    assert world.parked()


def of_size(size: int, refs: int, **data: Any) -> dict[str, Any]:
    """An event whose data have `size` bytes, and whose attributes are long. It names few people,
    and each of them many times."""

    def made(names: list[str]) -> dict[str, Any]:
        users = [{"employeeId": name} for name in names]
        return event(users=users, group=GROUP, event_id="a" * 256, **data)

    room, over = divmod(size - len(compact(made([""] * refs)["data"])), refs)
    lengths = [divmod(room + (n < over), 3) for n in range(refs)]
    return made(["漢" * wide + "x" * rest for wide, rest in lengths]) | {"source": WIDEST * 200}


def compact(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(("refs", "start"), [(300, 900), (501, None)])
def test_the_largest_event_is_taken_although_its_body_lacks_its_attributes(
    refs: int, start: int | None
) -> None:
    """Hasten sends it to itself with the attributes in the body: at its date, or in parts."""

    @virtual
    async def run() -> None:
        world = World()
        given = of_size(MAX_EVENT_BODY_BYTES, refs, **({"startAt": at(start)} if start else {}))
        body = compact(given.pop("data"))
        assert len(body) == MAX_EVENT_BODY_BYTES
        has_people(world, body)

        await world.posts(body, properties={f"ce_{name}": text for name, text in given.items()})
        await world.comes()
        await asyncio.sleep(start or 0)
        await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
        fits(world)
        await world.comes()

        assert world.parked() == []
        assert await world.intents.open_intents(TOTAL)

    run()


def has_people(world: World, body: bytes) -> None:
    for number, name in enumerate({u["employeeId"] for u in json.loads(body)["users"]}, 1000):
        world.directory.has_user(user(number), employee_id=name)


@virtual
async def test_the_largest_event_is_carried_out_when_an_operator_brings_it_forward() -> None:
    world = World()
    given = of_size(MAX_EVENT_BODY_BYTES - 3000, 300, startAt=at(900))
    has_people(world, compact(given["data"]))
    await world.posts(compact(given))
    [entry] = await find(world.context, given["id"])

    assert await bring_forward(world.context, entry, **WHY) == BroughtForward(is_done=True)

    fits(world)
    await world.comes()
    assert world.parked() == []
    assert await world.intents.open_intents(TOTAL)


@virtual
async def test_an_event_in_utf_16_is_as_large_as_it_is_in_utf_8() -> None:
    world = Posting()
    users = [{"employeeId": "漢" * 200} for _ in range(400)]
    body = json.dumps(event(users=users, group=GROUP), ensure_ascii=False).encode("utf-16")
    assert len(body) < MAX_EVENT_BODY_BYTES

    await world.posts(body)

    assert world.parked()[0].properties["reason"] == FaultCode.TOO_LARGE


@virtual
async def test_a_cut_event_that_is_replayed_is_refused_because_it_was_cut() -> None:
    world = Posting()
    await world.posts(json.dumps(event(users=[ref(1)] * 9_000, group=GROUP)).encode())
    [cut] = world.parked()

    await world.receives(cut)

    [_, again] = world.parked()
    assert again.properties["reason"] == FaultCode.CUT
    assert again.properties["originalBytes"] == cut.properties["originalBytes"]
    assert "from its source" in world.outcomes()[-1]["nextAction"]


@virtual
async def test_a_body_that_is_too_large_for_an_event_is_parked_whole_where_it_fits() -> None:
    world = Posting()
    body = b"x" * (MAX_EVENT_BODY_BYTES + 1)

    await world.posts(body)

    [parked] = world.parked()
    assert parked.raw == body
    assert "originalBytes" not in parked.properties

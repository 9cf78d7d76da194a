"""The forms in which a good event is taken: encodings, wrappings and both modes of CloudEvents."""

import base64
import codecs
import json
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.events.datacontract import NAMESPACE
from hasten.events.fault_codes import FaultCode
from hasten.onboard.message import TRIES
from tests.support.posting import GROUP, OFFBOARD, Posting, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING

ROOT = b"\x08\x33" + NAMESPACE
STRING = b"\x40\x06string" + ROOT
BYTES = b"\x40\x0cbase64Binary" + ROOT
END = b"\x01"


def good() -> dict[str, Any]:
    """Its text is the same in each encoding and never all ASCII."""
    return event(users=[ref(1)], group=GROUP, event_id="Zoë-漢-😀")


def text() -> str:
    return json.dumps(good(), ensure_ascii=False)


def record(kind: int, size: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(size, "little") + body


async def taken(world: Posting, body: bytes, **how: Any) -> None:
    await world.posts(body, **how)

    assert world.faults() == []
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    intent = await world.intent(ENGINEERING, 1)
    assert intent is not None
    assert intent.cause.id == good()["id"]


@pytest.mark.parametrize("has_mark", [True, False])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_json_is_read_in_each_unicode_encoding(
    encoding: str, mark: bytes, *, has_mark: bool
) -> None:
    @virtual
    async def run() -> None:
        body = text().encode(encoding)

        await taken(Posting(), mark + body if has_mark else body)

    run()


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("ends_with_it", [True, False])
@pytest.mark.parametrize(
    ("start", "kinds", "encoding"),
    [
        (STRING, {2: 0x9A, 4: 0x9C}, "utf-8"),
        (STRING, {2: 0xB8, 4: 0xBA}, "utf-16-le"),
        (BYTES, {2: 0xA0, 4: 0xA2}, "utf-8"),
    ],
    ids=["string", "string in UTF-16", "bytes"],
)
def test_an_event_wrapped_in_a_brokered_message_is_taken(
    start: bytes, kinds: dict[int, int], encoding: str, size: int, *, ends_with_it: bool
) -> None:
    @virtual
    async def run() -> None:
        kind = kinds[size] + (1 if ends_with_it else 0)
        body = start + record(kind, size, text().encode(encoding))

        await taken(Posting(), body if ends_with_it else body + END)

    run()


@virtual
async def test_bytes_that_are_wrapped_in_several_pieces_are_taken() -> None:
    body = text().encode()
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    records = b"".join(record(0x9E, 1, piece) for piece in pieces)

    await taken(Posting(), BYTES + records + END)


@pytest.mark.parametrize("missing", [1, 20])
def test_a_wrapped_string_that_is_cut_off_is_refused(missing: int) -> None:
    @virtual
    async def run() -> None:
        world = Posting()

        await world.posts((STRING + record(0x9D, 4, text().encode()))[:-missing])

        assert world.parked()[0].properties["reason"] == FaultCode.DATA_CONTRACT

    run()


@virtual
async def test_data_base64_is_taken_in_place_of_data() -> None:
    given = good()
    data = json.dumps(given.pop("data")).encode()

    await taken(
        Posting(),
        json.dumps({**given, "data_base64": base64.b64encode(data).decode()}).encode(),
    )


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_", "ce_", "ce-", "CE_", "Ce-"])
def test_the_attributes_of_binary_mode_are_taken_under_each_prefix(prefix: str) -> None:
    @virtual
    async def run() -> None:
        given = good()
        data = json.dumps(given.pop("data")).encode()
        properties = {f"{prefix}{name}".encode(): text.encode() for name, text in given.items()}

        await taken(Posting(), data, properties=properties)

    run()


@virtual
async def test_a_time_may_be_a_timestamp_of_amqp() -> None:
    world, given = Posting(), good()
    data = json.dumps(given.pop("data")).encode()
    properties = {f"cloudEvents:{name}": text for name, text in given.items()}
    moment = now() - timedelta(seconds=30)

    await taken(world, data, properties={**properties, "cloudEvents:time": moment})

    intent = await world.intent(ENGINEERING, 1)
    assert intent is not None
    assert intent.time == moment


def long_ago(days: float) -> dict[str, Any]:
    """An offboarding that was posted `days` ago and has its effect now."""
    return event(OFFBOARD, users=[ref(1)], groups=[GROUP], age=days * 86_400, endAt=at(-1))


@virtual
async def test_an_event_that_hasten_held_for_a_year_is_carried_out() -> None:
    world = Posting()

    await world.posts(long_ago(365), properties={TRIES: "0"})

    assert world.faults() == []
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_the_same_event_posted_anew_is_too_old() -> None:
    world = Posting()

    await world.posts(long_ago(365))

    assert world.parked()[0].properties["reason"] == FaultCode.TOO_OLD


@virtual
async def test_an_event_that_was_held_for_a_year_and_then_parked_can_be_replayed() -> None:
    world = Posting()
    target = world.target
    world.target = target.model_copy(update={"groups": ()})
    await world.posts(long_ago(365), properties={TRIES: "0"})
    [parked] = world.parked()
    world.target = target

    await world.receives(parked)

    assert len(world.parked()) == 1
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT

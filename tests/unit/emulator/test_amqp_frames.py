"""Frames and performatives: cut from a stream in any pieces, checked field by field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.amqp import performatives as p
from emulator.amqp.composites import from_wire, to_wire
from emulator.amqp.frames import EMPTY_FRAME, ByteStream, decode_frame, encode_frame
from emulator.amqp.types import DecodeError, Described, Symbol, UByte, UInt, ULong, UShort

ATTACH = p.Attach(
    name="link",
    handle=UInt(3),
    role=True,
    source=p.Source(address="queue", filter={Symbol("f"): "x"}, default_outcome=p.Released()),
    target=p.Target(),
    properties={Symbol("k"): UInt(5)},
)
PERFORMATIVES = [
    p.Open("me", max_frame_size=UInt(65536), channel_max=UShort(10)),
    p.Begin(None, UInt(0), UInt(1), UInt(1)),
    ATTACH,
    p.Flow(None, UInt(1), UInt(2), UInt(3), link_credit=UInt(9), drain=True),
    p.Transfer(UInt(0), UInt(1), b"tag", UInt(0), settled=True),
    p.Disposition(role=True, first=UInt(4), state=p.Rejected(p.Error(Symbol("c"), "d", {}))),
    p.Disposition(role=True, first=UInt(4), state=p.Modified(delivery_failed=True)),
    p.Detach(UInt(1), closed=True, error=p.Error(Symbol("amqp:not-found"))),
    p.End(),
    p.Close(),
    p.SaslInit(Symbol("ANONYMOUS"), b""),
    p.SaslOutcome(UByte(0)),
]


@pytest.mark.parametrize("performative", PERFORMATIVES, ids=lambda it: type(it).__name__)
def test_a_performative_survives_the_wire(performative: object) -> None:
    frame = decode_frame(encode_frame(7, performative, b"payload"))

    assert frame.performative == performative
    assert type(frame.performative) is type(performative)
    assert (frame.channel, frame.payload) == (7, b"payload")


def test_a_heartbeat_has_no_performative() -> None:
    assert decode_frame(EMPTY_FRAME).performative is None


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.data())
def test_frames_are_cut_from_a_stream_that_arrives_in_any_pieces(
    payloads: list[bytes], data: st.DataObject
) -> None:
    sent = [encode_frame(0, p.Transfer(UInt(0)), payload) for payload in payloads]
    wire = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    stream = ByteStream(max_frame_size=512)

    received = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        stream.feed(wire[start:end])
        while frame := stream.frame():
            received.append(frame)

    assert received == sent


def test_a_frame_larger_than_agreed_is_refused_before_it_is_read() -> None:
    stream = ByteStream(max_frame_size=512)
    stream.feed(b"\x00\x00\x02\x01")

    with pytest.raises(DecodeError, match="513"):
        stream.frame()


def test_a_frame_smaller_than_its_header_is_refused() -> None:
    stream = ByteStream(max_frame_size=512)
    stream.feed(b"\x00\x00\x00\x07\x02\x00\x00\x00")

    with pytest.raises(DecodeError):
        stream.frame()


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (Described(ULong(0x10), []), "container_id is missing"),
        (Described(ULong(0x10), [UInt(1)]), "container_id has a wrong type"),
        (Described(ULong(0x16), [UInt(1), True, None, None]), "too many fields"),
        (Described(ULong(0x99), []), "unknown"),
        (Described(ULong(0x12), ["l", UInt(0), True, None, None, Described(ULong(0x24), [])]),
         "source has a wrong type"),
        ("open", "expected"),
    ],
)  # fmt: skip
def test_a_malformed_performative_is_refused(value: object, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        from_wire(value)


def test_omitted_fields_read_as_their_defaults() -> None:
    opened = from_wire(Described(ULong(0x10), ["me", None, None]))

    assert opened == p.Open("me", max_frame_size=UInt(4294967295), channel_max=UShort(65535))


def test_an_error_is_always_written_with_all_three_fields() -> None:
    wire = to_wire(p.Error(Symbol("amqp:not-found")))

    assert wire.value == [Symbol("amqp:not-found"), None, None]

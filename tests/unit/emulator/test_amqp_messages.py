"""The sections of a message: read, rewritten, and the body left as it came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.amqp.encode import encode
from emulator.amqp.messages import (
    Header,
    Message,
    Properties,
    decode_batch,
    decode_message,
    encode_message,
    value_body,
)
from emulator.amqp.types import DecodeError, Described, Symbol, Timestamp, UByte, UInt, ULong

NAMES = st.text(max_size=10)
MESSAGES = st.builds(
    Message,
    header=st.builds(
        Header,
        durable=st.none() | st.booleans(),
        priority=st.none() | st.integers(0, 9).map(UByte),
        ttl=st.none() | st.integers(0, 2**32 - 1).map(UInt),
        delivery_count=st.none() | st.integers(0, 99).map(UInt),
    ),
    annotations=st.dictionaries(NAMES.map(lambda name: Symbol(name.encode().hex())), st.text()),
    properties=st.builds(
        lambda message_id, created, group: Properties(
            message_id=message_id, creation_time=created, group_id=group
        ),
        st.text() | st.uuids() | st.integers(0, 2**64 - 1).map(ULong),
        st.none() | st.integers(0, 2**50).map(Timestamp),
        st.none() | st.text(),
    ),
    application_properties=st.dictionaries(NAMES, st.text() | st.integers(-5, 5) | st.booleans()),
    body=st.lists(st.binary(max_size=50), min_size=1, max_size=3).map(
        lambda parts: b"".join(encode(Described(ULong(0x75), part)) for part in parts)
    ),
)


@given(MESSAGES)
def test_a_message_survives_the_wire(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


def test_delivery_annotations_are_written_and_dropped_when_read() -> None:
    message = Message(body=value_body("x"))

    payload = encode_message(message, delivery_annotations={Symbol("token"): "t"})

    assert b"token" in payload
    assert decode_message(payload) == message


def test_the_value_of_a_message_is_its_amqp_value_body() -> None:
    assert Message(body=value_body({"a": 1})).value == {"a": 1}
    assert Message(body=encode(Described(ULong(0x75), b"data"))).value is None
    assert Message().value is None


def test_a_batch_is_one_encoded_message_for_each_data_section() -> None:
    batch = b"".join(encode(Described(ULong(0x75), part)) for part in (b"one", b"two"))

    assert decode_batch(batch) == [b"one", b"two"]


@pytest.mark.parametrize(
    "payload",
    [
        encode("no section"),
        encode(Described(ULong(0x10), [])),
        encode(Described(ULong(0x73), {})),
        encode(Described(ULong(0x74), [])),
        encode(Described(ULong(0x73), [None] * 14)),
        b"\x00",
    ],
)
def test_a_malformed_message_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_message(payload)

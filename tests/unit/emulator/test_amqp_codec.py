"""The AMQP type system: what is encoded decodes to the same, and garbage is refused."""

import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.amqp.decode import decode
from emulator.amqp.encode import encode
from emulator.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal,
    DecodeError,
    Described,
    Float,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)


def whole(kind: type[int], bits: int, *, signed: bool) -> st.SearchStrategy[int]:
    low = -(2 ** (bits - 1)) if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    return st.integers(low, high).map(kind)


ELEMENTS = [
    st.booleans(),
    whole(UByte, 8, signed=False),
    whole(UShort, 16, signed=False),
    whole(UInt, 32, signed=False),
    whole(ULong, 64, signed=False),
    whole(Byte, 8, signed=True),
    whole(Short, 16, signed=True),
    whole(Int, 32, signed=True),
    whole(int, 64, signed=True),
    whole(Timestamp, 64, signed=True),
    st.floats(allow_nan=False, width=32).map(Float),
    st.floats(allow_nan=False),
    st.characters(codec="utf-8").map(Char),
    st.uuids(),
    st.binary(max_size=300),
    st.text(max_size=300),
    st.text(st.characters(codec="ascii"), max_size=300).map(Symbol),
]
DECIMALS = st.sampled_from([4, 8, 16]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
SCALARS = st.one_of(st.none(), DECIMALS.map(Decimal), *ELEMENTS)
ARRAYS = st.one_of(*(st.lists(element, max_size=5).map(Array) for element in ELEMENTS))
KEYS = st.one_of(st.text(max_size=20), st.uuids())
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.builds(Described, st.integers(0, 200).map(ULong), inner)
    ),
    max_leaves=10,
)


def typed(value: object) -> object:
    """The value with its types, since 1 == True == UInt(1) to Python."""
    match value:
        case Described():
            return Described, typed(value.descriptor), typed(value.value)
        case list():
            return type(value), [typed(item) for item in value]
        case dict():
            return dict, [(typed(key), typed(item)) for key, item in value.items()]
        case _:
            return type(value), value


@given(VALUES)
def test_a_value_comes_back_with_its_type(value: object) -> None:
    encoded = encode(value)

    decoded, after = decode(encoded)

    assert typed(decoded) == typed(value)
    assert after == len(encoded)


@given(VALUES, st.data())
def test_a_value_cut_short_is_refused(value: object, data: st.DataObject) -> None:
    encoded = encode(value)
    length = data.draw(st.integers(0, len(encoded) - 1))

    with pytest.raises(DecodeError):
        decode(encoded[:length])


@given(st.binary(max_size=100))
def test_any_bytes_decode_or_are_refused(garbage: bytes) -> None:
    try:
        _, after = decode(garbage)
    except DecodeError:
        return

    assert after <= len(garbage)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "40"),
        (True, "41"),
        (UInt(0), "43"),
        (UInt(7), "5207"),
        (UInt(256), "7000000100"),
        (ULong(0x24), "5324"),
        (1, "5501"),
        (-129, "81ffffffffffffff7f"),
        ("hi", "a1026869"),
        (Symbol("hi"), "a3026869"),
        (b"hi", "a0026869"),
        ([], "45"),
        ([None, True], "c003024041"),
        ({}, "c10100"),
        (Timestamp(1), "830000000000000001"),
        (uuid.UUID(int=1), "98" + "00" * 15 + "01"),
        (Array([UInt(1)]), "e0060170" + "00000001"),
        (Described(ULong(0x77), "x"), "005377a10178"),
    ],
)
def test_values_have_the_bytes_of_the_specification(value: object, expected: str) -> None:
    assert encode(value).hex() == expected


def test_a_long_list_takes_the_wide_form() -> None:
    encoded = encode([None] * 300)

    assert encoded[:9] == b"\xd0" + struct.pack(">II", 304, 300)


def test_deep_nesting_is_refused_before_it_exhausts_the_stack() -> None:
    nested = b"\x00\x40" * 10_000 + b"\x40"

    with pytest.raises(DecodeError, match="nested"):
        decode(nested)


@pytest.mark.parametrize("code", range(0x40, 0x46))
def test_an_array_whose_elements_have_no_width_is_refused(code: int) -> None:
    """Else ten bytes could ask for any amount of memory."""
    bomb = b"\xf0" + struct.pack(">II", 5, 2**16) + bytes([code])

    with pytest.raises(DecodeError, match="not supported"):
        decode(bomb)


def test_a_map_with_an_unhashable_key_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode(bytes.fromhex("c103024540"))


def test_a_size_that_disagrees_with_the_content_is_refused() -> None:
    with pytest.raises(DecodeError, match="disagrees"):
        decode(bytes.fromhex("c004024041"))


def test_an_array_of_two_types_cannot_be_encoded() -> None:
    with pytest.raises(TypeError):
        encode(Array([UInt(1), "a"]))


def test_a_type_that_amqp_does_not_have_cannot_be_encoded() -> None:
    with pytest.raises(TypeError):
        encode(object())

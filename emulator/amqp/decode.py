"""Decodes AMQP values. The input is untrusted: every length is checked and nesting is limited."""

import struct
import uuid
from collections.abc import Callable
from typing import Any

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

MAX_DEPTH = 32

Reader = Callable[[bytes, int, int], tuple[Any, int]]


def decode(data: bytes, at: int = 0) -> tuple[Any, int]:
    """Returns the value that starts at `at`, and the position after it. Raises DecodeError."""
    try:
        return _value(data, at, 0)
    except (struct.error, IndexError, ValueError, TypeError) as error:
        raise DecodeError(f"malformed AMQP value: {error}") from error


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    return _reader(data[at])(data, at + 1, depth)


def _reader(code: int) -> Reader:
    try:
        return _READERS[code]
    except KeyError:
        raise DecodeError(f"unknown AMQP type 0x{code:02x}") from None


def _constant(value: Any) -> Reader:
    return lambda _data, at, _depth: (value, at)


def _empty_list(_data: bytes, at: int, _depth: int) -> tuple[Any, int]:
    return [], at


def _number(layout: str, kind: Callable[[Any], Any]) -> Reader:
    unpack, width = struct.Struct(layout).unpack_from, struct.calcsize(layout)

    def read(data: bytes, at: int, _depth: int) -> tuple[Any, int]:
        return kind(unpack(data, at)[0]), at + width

    return read


def _plain(layout: str) -> Reader:
    unpack, width = struct.Struct(layout).unpack_from, struct.calcsize(layout)

    def read(data: bytes, at: int, _depth: int) -> tuple[Any, int]:
        return unpack(data, at)[0], at + width

    return read


def _fixed(width: int, kind: Callable[[bytes], Any]) -> Reader:
    def read(data: bytes, at: int, _depth: int) -> tuple[Any, int]:
        return kind(_slice(data, at, width)), at + width

    return read


def _variable(length_layout: str, kind: Callable[[bytes], Any]) -> Reader:
    unpack, prefix = struct.Struct(length_layout).unpack_from, struct.calcsize(length_layout)

    def read(data: bytes, at: int, _depth: int) -> tuple[Any, int]:
        (length,) = unpack(data, at)
        start = at + prefix
        return kind(_slice(data, start, length)), start + length

    return read


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise DecodeError("AMQP value is cut short")
    return data[at : at + length]


def _compound(layout: str, build: Callable[[bytes, int, int, int], tuple[Any, int]]) -> Reader:
    """Returns a reader for lists, maps or arrays, which start with their size in bytes and their
    number of elements."""
    unpack, prefix = struct.Struct(layout).unpack_from, struct.calcsize(layout)

    def read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
        if depth >= MAX_DEPTH:
            raise DecodeError("AMQP values are nested too deep")
        size, count = unpack(data, at)
        end = at + prefix // 2 + size
        value, after = build(data, at + prefix, count, depth + 1)
        if after != end:
            raise DecodeError("size of an AMQP list, map or array disagrees with its content")
        return value, after

    return read


def _list(data: bytes, at: int, count: int, depth: int) -> tuple[Any, int]:
    items = []
    for _ in range(count):
        item, at = _value(data, at, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[Any, int]:
    if count % 2:
        raise DecodeError("AMQP map with a key that has no value")
    items = {}
    for _ in range(count // 2):
        key, at = _value(data, at, depth)
        items[key], at = _value(data, at, depth)
    return items, at


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[Any, int]:
    if data[at] in _NOT_IN_ARRAYS:
        raise DecodeError(f"AMQP arrays of type 0x{data[at]:02x} are not supported")
    read = _reader(data[at])
    at += 1
    items = Array()
    for _ in range(count):
        item, at = read(data, at, depth)
        items.append(item)
    return items, at


def _described(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth >= MAX_DEPTH:
        raise DecodeError("AMQP values are nested too deep")
    descriptor, at = _value(data, at, depth + 1)
    value, at = _value(data, at, depth + 1)
    return Described(descriptor, value), at


def _boolean(data: bytes, at: int, _depth: int) -> tuple[Any, int]:
    return data[at] != 0, at + 1


def _text(raw: bytes) -> str:
    return str(raw, "utf-8")


def _symbol(raw: bytes) -> Symbol:
    return Symbol(raw, "ascii")


def _char(raw: bytes) -> Char:
    return Char(str(raw, "utf-32-be"))


def _uuid(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=raw)


# Described values, decimals and compounds: no client sends arrays of them to a broker. The other
# types have elements of zero width, so that ten bytes could represent any number of them.
_NOT_IN_ARRAYS = frozenset(
    (0x00, 0x74, 0x84, 0x94, 0xC0, 0xC1, 0xD0, 0xD1, 0xE0, 0xF0)
) | frozenset(range(0x40, 0x46))

_READERS: dict[int, Reader] = {
    0x00: _described,
    0x40: _constant(None),
    0x41: _constant(True),  # noqa: FBT003 - the value itself
    0x42: _constant(False),  # noqa: FBT003 - the value itself
    0x43: _constant(UInt(0)),
    0x44: _constant(ULong(0)),
    0x45: _empty_list,
    0x50: _number(">B", UByte),
    0x51: _number(">b", Byte),
    0x52: _number(">B", UInt),
    0x53: _number(">B", ULong),
    0x54: _number(">b", Int),
    0x55: _plain(">b"),
    0x56: _boolean,
    0x60: _number(">H", UShort),
    0x61: _number(">h", Short),
    0x70: _number(">I", UInt),
    0x71: _number(">i", Int),
    0x72: _number(">f", Float),
    0x73: _fixed(4, _char),
    0x74: _fixed(4, Decimal),
    0x80: _number(">Q", ULong),
    0x81: _plain(">q"),
    0x82: _plain(">d"),
    0x83: _number(">q", Timestamp),
    0x84: _fixed(8, Decimal),
    0x94: _fixed(16, Decimal),
    0x98: _fixed(16, _uuid),
    0xA0: _variable(">B", bytes),
    0xA1: _variable(">B", _text),
    0xA3: _variable(">B", _symbol),
    0xB0: _variable(">I", bytes),
    0xB1: _variable(">I", _text),
    0xB3: _variable(">I", _symbol),
    0xC0: _compound(">BB", _list),
    0xC1: _compound(">BB", _map),
    0xD0: _compound(">II", _list),
    0xD1: _compound(">II", _map),
    0xE0: _compound(">BB", _array),
    0xF0: _compound(">II", _array),
}

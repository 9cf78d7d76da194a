"""Encodes AMQP values, each in its shortest form."""

import struct
import uuid
from collections.abc import Callable
from typing import Any

from emulator.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal,
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

Writer = Callable[[bytearray, Any], None]
Packer = Callable[[Any], bytes]

_BYTE = 256
_DECIMALS = {4: 0x74, 8: 0x84, 16: 0x94}


def encode(value: Any) -> bytes:
    """Encodes a value. Raises TypeError for a type that AMQP does not have."""
    out = bytearray()
    write(out, value)
    return bytes(out)


def write(out: bytearray, value: Any) -> None:
    try:
        writer = _WRITERS[type(value)]
    except KeyError:
        raise TypeError(f"AMQP has no type for {type(value).__name__}") from None
    writer(out, value)


def _none(out: bytearray, _value: None) -> None:
    out.append(0x40)


def _boolean(out: bytearray, value: bool) -> None:  # noqa: FBT001 - the value itself
    out.append(0x41 if value else 0x42)


def _unsigned(*, zero: int, small: int, large: int, layout: str) -> Writer:
    pack = struct.Struct(layout).pack

    def writer(out: bytearray, value: int) -> None:
        if value == 0:
            out.append(zero)
        elif 0 < value < _BYTE:
            out += bytes((small, value))
        else:
            out.append(large)
            out += pack(value)

    return writer


def _signed(*, small: int, large: int, layout: str) -> Writer:
    pack = struct.Struct(layout).pack

    def writer(out: bytearray, value: int) -> None:
        if -128 <= value <= 127:  # noqa: PLR2004 - the range of one signed byte
            out += bytes((small, value & 0xFF))
        else:
            out.append(large)
            out += pack(value)

    return writer


def _fixed(code: int, pack: Packer) -> Writer:
    def writer(out: bytearray, value: Any) -> None:
        out.append(code)
        out += pack(value)

    return writer


def _variable(*, small: int, large: int, pack: Packer) -> Writer:
    def writer(out: bytearray, value: Any) -> None:
        raw = pack(value)
        if len(raw) < _BYTE:
            out += bytes((small, len(raw)))
        else:
            out.append(large)
            out += struct.pack(">I", len(raw))
        out += raw

    return writer


def _long_form(pack: Packer) -> Packer:
    def packed(value: Any) -> bytes:
        raw = pack(value)
        return struct.pack(">I", len(raw)) + raw

    return packed


def _list(out: bytearray, items: list[Any]) -> None:
    if not items:
        out.append(0x45)
        return
    body = bytearray()
    for item in items:
        write(body, item)
    _sized(out, body, count=len(items), small=0xC0, large=0xD0)


def _map(out: bytearray, items: dict[Any, Any]) -> None:
    body = bytearray()
    for key, item in items.items():
        write(body, key)
        write(body, item)
    _sized(out, body, count=2 * len(items), small=0xC1, large=0xD1)


def _array(out: bytearray, items: list[Any]) -> None:
    """Writes an array. All elements share one constructor, so each uses the widest form of its
    type."""
    body = bytearray()
    code, pack = _WIDE[type(items[0]) if items else bool]
    body.append(code)
    for item in items:
        if type(item) is not type(items[0]):
            raise TypeError("an AMQP array holds one type")
        body += pack(item)
    _sized(out, body, count=len(items), small=0xE0, large=0xF0)


def _sized(out: bytearray, body: bytearray, *, count: int, small: int, large: int) -> None:
    if len(body) + 1 < _BYTE and count < _BYTE:
        out += bytes((small, len(body) + 1, count))
    else:
        out.append(large)
        out += struct.pack(">II", len(body) + 4, count)
    out += body


def _described(out: bytearray, value: Described) -> None:
    out.append(0x00)
    write(out, value.descriptor)
    write(out, value.value)


def _decimal(out: bytearray, value: Decimal) -> None:
    out.append(_DECIMALS[len(value.raw)])
    out += value.raw


def _utf8(value: str) -> bytes:
    return value.encode()


def _ascii(value: str) -> bytes:
    return value.encode("ascii")


def _utf32(value: str) -> bytes:
    return value.encode("utf-32-be")


def _uuid(value: uuid.UUID) -> bytes:
    return value.bytes


# The form of each type that fits every value, used for array elements.
_WIDE: dict[type, tuple[int, Packer]] = {
    bool: (0x56, struct.Struct(">?").pack),
    UByte: (0x50, struct.Struct(">B").pack),
    Byte: (0x51, struct.Struct(">b").pack),
    UShort: (0x60, struct.Struct(">H").pack),
    Short: (0x61, struct.Struct(">h").pack),
    UInt: (0x70, struct.Struct(">I").pack),
    Int: (0x71, struct.Struct(">i").pack),
    Float: (0x72, struct.Struct(">f").pack),
    Char: (0x73, _utf32),
    ULong: (0x80, struct.Struct(">Q").pack),
    int: (0x81, struct.Struct(">q").pack),
    float: (0x82, struct.Struct(">d").pack),
    Timestamp: (0x83, struct.Struct(">q").pack),
    uuid.UUID: (0x98, _uuid),
    bytes: (0xB0, _long_form(bytes)),
    str: (0xB1, _long_form(_utf8)),
    Symbol: (0xB3, _long_form(_ascii)),
}

_WRITERS: dict[type, Writer] = {
    **{kind: _fixed(code, pack) for kind, (code, pack) in _WIDE.items()},
    type(None): _none,
    bool: _boolean,
    UInt: _unsigned(zero=0x43, small=0x52, large=0x70, layout=">I"),
    ULong: _unsigned(zero=0x44, small=0x53, large=0x80, layout=">Q"),
    Int: _signed(small=0x54, large=0x71, layout=">i"),
    int: _signed(small=0x55, large=0x81, layout=">q"),
    bytes: _variable(small=0xA0, large=0xB0, pack=bytes),
    str: _variable(small=0xA1, large=0xB1, pack=_utf8),
    Symbol: _variable(small=0xA3, large=0xB3, pack=_ascii),
    list: _list,
    dict: _map,
    Array: _array,
    Decimal: _decimal,
    Described: _described,
}

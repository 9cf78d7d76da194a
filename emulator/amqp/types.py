"""Python types for AMQP values that plain Python cannot tell apart.

Plain `int` is an AMQP long, `float` a double, `str` a string, `bytes` a binary. What is decoded
encodes to the same type again, so messages pass through a broker unchanged.
"""

from dataclasses import dataclass
from typing import Any


class DecodeError(Exception):
    """The peer sent bytes that are not AMQP 1.0."""


class UByte(int):
    __slots__ = ()


class UShort(int):
    __slots__ = ()


class UInt(int):
    __slots__ = ()


class ULong(int):
    __slots__ = ()


class Byte(int):
    __slots__ = ()


class Short(int):
    __slots__ = ()


class Int(int):
    __slots__ = ()


class Timestamp(int):
    """Milliseconds since the epoch."""

    __slots__ = ()


class Float(float):
    """Single precision."""

    __slots__ = ()


class Symbol(str):
    """ASCII; names of conditions, annotations and properties."""

    __slots__ = ()


class Char(str):
    """One code point."""

    __slots__ = ()


class Array(list[Any]):
    """Elements of one primitive type. A list may mix types, an array may not."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal32, 64 or 128: carried, never computed with. The width says which."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Described:
    descriptor: Any
    value: Any

"""Defines Python types for AMQP values that plain Python cannot distinguish.

A plain `int` is an AMQP long, `float` a double, `str` a string, `bytes` a binary. A decoded value
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
    """A single-precision number."""

    __slots__ = ()


class Symbol(str):
    """An ASCII name of a condition, annotation or property."""

    __slots__ = ()


class Char(str):
    """A single code point."""

    __slots__ = ()


class Array(list[Any]):
    """Elements of one primitive type. A list may mix types, an array may not."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal32, 64 or 128, passed on but never computed with. The width determines the type."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Described:
    descriptor: Any
    value: Any

"""Converts composite types to wire values and back, and checks every field that the peer sends."""

from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from emulator.amqp import performatives as p
from emulator.amqp.types import DecodeError, Described, ULong

_CODES: dict[type[Any], int] = {
    p.Open: 0x10,
    p.Begin: 0x11,
    p.Attach: 0x12,
    p.Flow: 0x13,
    p.Transfer: 0x14,
    p.Disposition: 0x15,
    p.Detach: 0x16,
    p.End: 0x17,
    p.Close: 0x18,
    p.Error: 0x1D,
    p.Received: 0x23,
    p.Accepted: 0x24,
    p.Rejected: 0x25,
    p.Released: 0x26,
    p.Modified: 0x27,
    p.Source: 0x28,
    p.Target: 0x29,
    p.Coordinator: 0x30,
    p.TransactionalState: 0x34,
    p.SaslMechanisms: 0x40,
    p.SaslInit: 0x41,
    p.SaslOutcome: 0x44,
}


class _Field(NamedTuple):
    name: str
    types: tuple[type, ...]  # empty: any type is allowed
    default: Any
    mandatory: bool


def to_wire(composite: Any) -> Described:
    fields = [to_wire(item) if type(item) in _CODES else item for item in composite]
    if not isinstance(composite, p.Error):
        while fields and fields[-1] is None:
            fields.pop()
    return Described(ULong(_CODES[type(composite)]), fields)


def from_wire(value: Any) -> Any:
    """Reads a composite. Raises DecodeError if `value` is no known composite, or a field has a
    wrong type."""
    if not isinstance(value, Described) or not isinstance(value.value, list):
        raise DecodeError("expected an AMQP composite")
    code = value.descriptor
    kind = _KINDS.get(code) if isinstance(code, ULong) else None
    if kind is None:
        raise DecodeError(f"unknown AMQP composite {value.descriptor!r}")
    fields = _FIELDS[kind]
    given = value.value
    if len(given) > len(fields):
        raise DecodeError(f"{kind.__name__} has too many fields")
    read = [_checked(kind, field, item) for field, item in zip(fields, given, strict=False)]
    read += [_checked(kind, field, None) for field in fields[len(given) :]]
    return kind(*read)


def _checked(kind: type[Any], field: _Field, item: Any) -> Any:
    if item is None:
        if field.mandatory:
            raise DecodeError(f"{kind.__name__}.{field.name} is missing")
        return field.default
    if isinstance(item, Described) and field.types:
        item = from_wire(item)
    if field.types and not isinstance(item, field.types):
        raise DecodeError(f"{kind.__name__}.{field.name} has a wrong type")
    return item


def _fields(kind: type[Any]) -> list[_Field]:
    hints = get_type_hints(kind)
    defaults = kind._field_defaults
    return [
        _Field(
            name=name,
            types=_classes(hints[name]),
            default=defaults.get(name),
            mandatory=name not in defaults and NoneType not in get_args(hints[name]),
        )
        for name in kind._fields
    ]


def _classes(hint: Any) -> tuple[type, ...]:
    if hint is Any:
        return ()
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(get_origin(option) or option for option in options if option is not NoneType)


_KINDS: dict[Any, type[Any]] = {ULong(code): kind for kind, code in _CODES.items()}
_FIELDS = {kind: _fields(kind) for kind in _CODES}

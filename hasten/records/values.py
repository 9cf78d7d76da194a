"""Reads the fields of a stored row."""

from collections.abc import Container
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from hasten.json import Json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def values(row: "DataclassInstance") -> dict[str, Any]:
    """Returns the fields by name, each as it is. `dataclasses.asdict` copies every value first,
    which takes ten times as long; a store encodes the values and keeps none of them."""
    return {name: getattr(row, name) for name in _names(type(row))}


def without_unset(body: Json, names: Container[str]) -> Json:
    """Returns the body without those of the fields that say nothing. `names` are fields that an
    older version does not know: after a rollback it reads all rows that do not need them. It holds
    a row that does, since the field may say that a removal must not end yet."""
    return {name: value for name, value in body.items() if value or name not in names}


def known_fields(kind: type["DataclassInstance"], body: Json) -> dict[str, Any]:
    """Returns the fields of the body that the dataclass has, without those that only another
    version has. Use it for a record from which Hasten must not lose what it knows, and whose
    further fields hold nothing back."""
    return {name: body[name] for name in _names(kind) if name in body}


@cache
def _names(kind: type["DataclassInstance"]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))

"""Reads the fields of a stored row."""

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def values(row: "DataclassInstance") -> dict[str, Any]:
    """Returns the fields by name, each as it is. `dataclasses.asdict` copies every value first,
    which takes ten times as long; a store encodes the values and keeps none of them."""
    return {name: getattr(row, name) for name in _names(type(row))}


@cache
def _names(kind: type["DataclassInstance"]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))

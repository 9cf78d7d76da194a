"""Checks the fields of a record that was read from the store. A wrong type would raise far from
here, in work that is also about others."""

import dataclasses
from datetime import datetime
from functools import cache
from typing import Any

SIMPLE_TYPES = (str, int, bool)


def moment(text: Any) -> datetime:
    """Returns the time of an ISO text. Raises ValueError if the text has no offset from UTC, and
    TypeError if it is no text."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time has no offset from UTC")
    return at


def check_types(record: object) -> None:
    """Raises ValueError if a field that the dataclass declares as str, int or bool has another
    type."""
    cls: Any = type(record)
    for name, kind in _simple_fields(cls):
        if type(getattr(record, name)) is not kind:
            raise ValueError(f"{name} is not of type {kind.__name__}")


@cache
def _simple_fields(cls: Any) -> tuple[tuple[str, type], ...]:
    if not dataclasses.is_dataclass(cls):
        return ()
    return tuple((f.name, f.type) for f in dataclasses.fields(cls) if f.type in SIMPLE_TYPES)

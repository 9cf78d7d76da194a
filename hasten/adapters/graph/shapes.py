"""Checks that the JSON of an answer has the expected shape.

Graph, or a proxy in front of it, may answer with success and a body that is truncated, HTML, empty
or of another type. Hasten must conclude nothing from such an answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from hasten.adapters.graph.answers import UnreadableError
from hasten.domain.cycle import time
from hasten.json import Json
from hasten.object_ids import is_object_id

T = TypeVar("T")

Parse = Callable[[Any], T]
"""Creates a value from a part of an answer. Raises UnreadableError."""

Check = Callable[[object], str]
"""Returns what is wrong with a value, beginning with the path to it, or "" if it is right."""


def text(value: object) -> str:
    return "" if isinstance(value, str) and value else " is not a text"


def string(value: object) -> str:
    """Checks a text, which may be empty."""
    return "" if isinstance(value, str) else " is not a text"


def object_id(value: object) -> str:
    return "" if isinstance(value, str) and is_object_id(value) else " is no object id"


def flag(value: object) -> str:
    return "" if isinstance(value, bool) else " is neither true nor false"


def number(value: object) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_number else " is not a whole number"


def instant(value: object) -> str:
    """Checks a time with its offset from UTC, in ISO 8601."""
    try:
        is_time = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        is_time = False
    return "" if is_time else " is not a time"


def set_instant(value: object) -> str:
    """Checks a time that is not Graph's "unset" value."""
    problem = instant(value)
    return problem if problem or time(value) is not None else " is not set"


def maybe(check: Check) -> Check:
    """Allows null as well."""
    return lambda value: "" if value is None else check(value)


def array(check: Check) -> Check:
    def of_items(value: object) -> str:
        if not isinstance(value, list):
            return " is not a list"
        problems = ((number, check(item)) for number, item in enumerate(value))
        return next((f"[{number}]{problem}" for number, problem in problems if problem), "")

    return of_items


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of an object that Hasten reads. Those of `must` are always present; those of
    `may` can be absent or null. Other properties are ignored."""

    must: Mapping[str, Check] = field(default_factory=dict)
    may: Mapping[str, Check] = field(default_factory=dict)

    def __call__(self, value: object) -> str:
        if not isinstance(value, dict):
            return " is not an object"
        for name, check in self.must.items():
            if name not in value:
                return f".{name} is missing"
            if problem := check(value[name]):
                return f".{name}{problem}"
        for name, check in self.may.items():
            if value.get(name) is not None and (problem := check(value[name])):
                return f".{name}{problem}"
        return ""

    def read(self, value: Any) -> Json:
        """Returns the value once it is checked, with its object id in lower case: Graph may write
        one id in either case. Raises UnreadableError."""
        if problem := self(value):
            raise UnreadableError(f"an item{problem}" if problem.startswith(" ") else problem[1:])
        body: Json = value
        given = body.get("id")
        if isinstance(given, str) and is_object_id(given):
            return {**body, "id": given.lower()}
        return body

    def of(self, wanted: str) -> Parse[Json]:
        """Returns a parser for the object with this id, in whatever case Graph writes it. The
        object has its id as it was asked for."""

        def read(value: Any) -> Json:
            body = self.read(value)
            if str(body["id"]).casefold() != wanted.casefold():
                raise UnreadableError("it is about another object")
            return {**body, "id": wanted}

        return read

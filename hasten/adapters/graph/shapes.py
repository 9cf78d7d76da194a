"""Checks that the JSON of an answer is what was asked for.

Graph, or a proxy in front of it, may answer with success and a body that is cut off, HTML, empty or
of another type. Such an answer is no knowledge: nothing may be concluded from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from hasten.adapters.graph.answers import UnreadableError
from hasten.json import Json

T = TypeVar("T")

Parse = Callable[[Any], T]
"""Makes a value of a part of an answer. Raises UnreadableError."""

Check = Callable[[object], str]
"""What is wrong with a value, beginning with the path to it; empty when it is right."""


def text(value: object) -> str:
    return "" if isinstance(value, str) and value else " is not a text"


def string(value: object) -> str:
    """A text that may be empty."""
    return "" if isinstance(value, str) else " is not a text"


def flag(value: object) -> str:
    return "" if isinstance(value, bool) else " is neither true nor false"


def number(value: object) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return "" if is_number else " is not a whole number"


def instant(value: object) -> str:
    """A time with its offset from UTC, in ISO 8601."""
    try:
        is_time = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        is_time = False
    return "" if is_time else " is not a time"


def maybe(check: Check) -> Check:
    """The same, or null."""
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
    """An object with the properties that Hasten reads. Those of `must` are always there; those of
    `may` can be absent or null. Others do not matter."""

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
        """The same, once it is checked. Raises UnreadableError."""
        if problem := self(value):
            raise UnreadableError(f"an item{problem}" if problem.startswith(" ") else problem[1:])
        body: Json = value
        return body

    def of(self, object_id: str) -> Parse[Json]:
        """The object with this id, in whatever case Graph writes it."""

        def read(value: Any) -> Json:
            body = self.read(value)
            if str(body["id"]).casefold() != object_id.casefold():
                raise UnreadableError("it is about another object")
            return body

        return read

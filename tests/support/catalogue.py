"""The events that hasten/telemetry declares, read from their classes: for tests and for docs."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hasten import telemetry
from hasten.ports.telemetry import Event, FieldKind


@dataclass(frozen=True, kw_only=True)
class Declared:
    name: str
    results: frozenset[str]
    problems: frozenset[str]
    alerts: frozenset[str]
    repeats: frozenset[str]
    fields: Mapping[str, FieldKind]
    text: str


def classes() -> list[type[Event]]:
    """In the order of their declaration, module by module."""
    modules = [module.name for module in pkgutil.iter_modules(telemetry.__path__)]
    loaded = [importlib.import_module(f"{telemetry.__name__}.{name}") for name in modules]
    return [
        found
        for module in loaded
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Event) and found is not Event
    ]


def declared(event: type[Event]) -> Declared:
    hints = get_type_hints(event, include_extras=True)
    return Declared(
        name=event.name,
        results=frozenset(_values(hints["result"])),
        problems=frozenset(map(str, event.problems)),
        alerts=event.alerts,
        repeats=frozenset(map(str, event.repeats)),
        fields={f.name: _kind(hints[f.name]) for f in fields(event) if f.name != "result"},
        text=" ".join((event.__doc__ or "").split()),
    )


def _values(hint: Any) -> Iterator[str]:
    if get_origin(hint) in {Union, UnionType}:
        for part in get_args(hint):
            yield from _values(part)
    elif get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        assert issubclass(hint, StrEnum), "a result is of a Literal or of a StrEnum"
        yield from map(str, hint)


def _kind(hint: Any) -> FieldKind:
    if get_origin(hint) is Annotated:
        [kind] = [about for about in get_args(hint)[1:] if isinstance(about, FieldKind)]
        return kind
    [kind] = [_kind(part) for part in get_args(hint) if part is not type(None)]
    return kind


CATALOGUE = [declared(event) for event in classes()]

SAMPLES: Mapping[FieldKind, Any] = {
    FieldKind.LABEL: "one of few",
    FieldKind.ID: "0000cccc-0000-4000-8000-000000000001",
    FieldKind.TEXT: "Graph answered 403",
    FieldKind.COUNT: 3,
    FieldKind.SECONDS: 2.5,
    FieldKind.MILLISECONDS: 700,
}
"""A value of each kind."""


def sample(event: Declared) -> dict[str, Any]:
    return {name: SAMPLES[kind] for name, kind in event.fields.items()}

"""Checks whether a JSON value fits a declared type."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.csdl.model import Property, Schema, TypeRef, qualified

GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d)")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
DURATION = re.compile(r"-?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?")
BASE64 = re.compile(r"[A-Za-z0-9_+/-]*={0,2}")
EXTENSION = re.compile(r"extension_[0-9a-f]{32}_\w+|ext[a-z0-9]{8}_\w+|\w+\.\w+")
"""Names of the properties that tenants add to the open types of the directory."""

CONTROL = frozenset({"@odata.type", "@odata.id", "@odata.etag", "@odata.editLink"})


def _whole(bits: int) -> Callable[[Any], bool]:
    most = 2 ** (bits - 1)
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and -most <= v < most


def _text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, str) and pattern.fullmatch(v) is not None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(value: Any) -> bool:
    if not isinstance(value, str) or TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", value))
    except ValueError:
        return False
    return True


PRIMITIVES: Mapping[str, Callable[[Any], bool]] = {
    "Edm.Binary": _text(BASE64),
    "Edm.Boolean": lambda v: isinstance(v, bool),
    "Edm.Date": _text(DATE),
    "Edm.DateTimeOffset": _moment,
    "Edm.Double": _number,
    "Edm.Duration": _text(DURATION),
    "Edm.Guid": _text(GUID),
    "Edm.Int16": _whole(16),
    "Edm.Int32": _whole(32),
    "Edm.Int64": _whole(64),
    "Edm.String": lambda v: isinstance(v, str),
    "Edm.TimeOfDay": lambda v: isinstance(v, str),
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where values stand: `is_answer`, in a `delta`, with the navigation that was `expanded`."""

    is_answer: bool
    delta: bool = False
    expanded: frozenset[str] = frozenset()


def wrong_value(
    schema: Schema, value: Any, wanted: TypeRef, place: Place, *, nullable: bool, at: str
) -> Iterator[str]:
    """Returns sentences that name the place of each fault; none if the value fits."""
    if wanted.is_collection:
        if not isinstance(value, list):
            yield f"{at}: {_shown(value)} is no {wanted}"
            return
        for number, item in enumerate(value):
            where = f"{at}[{number}]"
            yield from wrong_value(schema, item, wanted.item, place, nullable=nullable, at=where)
    elif value is None:
        if not nullable:
            yield f"{at}: null, which {wanted} must not be here"
    elif wanted.name in schema.structures:
        yield from wrong_object(schema, value, wanted.name, place, at=at)
    elif wanted.name in schema.enumerations:
        yield from _wrong_member(schema, value, wanted.name, at=at)
    elif not PRIMITIVES[wanted.name](value):
        yield f"{at}: {_shown(value)} is no {wanted}"


def wrong_object(
    schema: Schema, value: Any, type_name: str, place: Place, *, at: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {_shown(value)} is no {type_name}"
        return
    named = value.get("@odata.type")
    if named is not None:
        actual = qualified(str(named).removeprefix("#"))
        if actual not in schema.structures or not schema.is_a(actual, type_name):
            yield f"{at}: @odata.type {named} is no {type_name}"
            return
        type_name = actual
    for name, inner in value.items():
        where = f"{at}.{name}" if at else name
        if "@" in name:
            yield from _wrong_annotation(schema, name, inner, type_name, place, at=where)
            continue
        found = schema.property(type_name, name)
        if found is None:
            # A member of a `relationship@delta` may be of any kind that the metadata calls open.
            if not (schema.is_open(type_name) and _may_be_added(schema, type_name, name)):
                yield f"{where}: {type_name} has no such property"
        elif found.navigates and place.is_answer and not _is_shown(found, place):
            yield f"{where}: a relationship that was not expanded"
        else:
            deeper = Place(is_answer=place.is_answer, delta=place.delta)
            yield from wrong_value(
                schema, inner, found.type, deeper, nullable=found.nullable, at=where
            )


def _is_shown(found: Property, place: Place) -> bool:
    return found.contains or found.name in place.expanded


def _may_be_added(schema: Schema, type_name: str, name: str) -> bool:
    """Complex open types take any name; entities only those of extensions."""
    is_entity = schema.structures[type_name].is_entity
    return not is_entity or EXTENSION.fullmatch(name) is not None


def _wrong_annotation(
    schema: Schema, name: str, value: Any, type_name: str, place: Place, *, at: str
) -> Iterator[str]:
    """`@odata.…`, `property@odata.bind` in requests and `property@delta` in delta answers."""
    subject, _, note = name.partition("@")
    if not subject:
        if name in CONTROL or (place.is_answer and name == "@odata.context"):
            if not isinstance(value, str):
                yield f"{at}: {_shown(value)} is no text"
        elif not (name == "@removed" and place.delta and _says_why(value)):
            yield f"{at}: not an annotation of OData here"
        return
    found = schema.property(type_name, subject)
    if found is None:
        yield f"{at}: {type_name} has no '{subject}'"
    elif note == "delta" and place.delta and found.navigates:
        yield from wrong_value(schema, value, found.type, place, nullable=False, at=at)
    elif note == "odata.bind" and not place.is_answer and found.navigates:
        yield from _wrong_links(value, found, at=at)
    elif not (place.is_answer and note in {"odata.type", "odata.context", "odata.nextLink"}):
        yield f"{at}: not an annotation of OData here"


def _wrong_links(value: Any, found: Property, *, at: str) -> Iterator[str]:
    """Their addresses are held against the schema where the body is."""
    links = value if found.type.is_collection else [value]
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        yield f"{at}: {_shown(value)} is no {'list of addresses' if links is value else 'address'}"


def _says_why(value: Any) -> bool:
    return isinstance(value, dict) and value.get("reason") in ("changed", "deleted")


def _wrong_member(schema: Schema, value: Any, type_name: str, *, at: str) -> Iterator[str]:
    wanted = schema.enumerations[type_name]
    names = [value]
    if isinstance(value, str) and wanted.is_flags:
        names = [name.strip() for name in value.split(",")]
    for name in names:
        if not isinstance(name, str) or name not in wanted.members:
            yield f"{at}: {_shown(name)} is no member of {type_name}"


def _shown(value: Any) -> str:
    return repr(value)[:60]

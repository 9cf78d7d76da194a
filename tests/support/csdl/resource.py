"""Follows the path of a request through the schema to what it names."""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from urllib.parse import unquote

from tests.support.csdl.model import NAMESPACE, Operation, Property, Schema, TypeRef, qualified
from tests.support.csdl.values import GUID


class Kind(Enum):
    OBJECTS = auto()
    OBJECT = auto()
    VALUES = auto()
    """A property of an object: a list of values without keys."""

    COUNT = auto()
    REFERENCE = auto()
    """An entry of a relationship, and not the object that it leads to."""

    OPERATION = auto()


class UnknownPathError(Exception):
    """The schema does not have what the path names."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """`type` is that of what is named; of an operation, that of what it is bound to. `through` is
    the navigation property by which the path came here last."""

    kind: Kind
    type: TypeRef
    through: Property | None = None
    operation: Operation | None = None
    by_key: bool = False
    """Whether the last segment is a key."""


_CALL = re.compile(r"(?P<name>[\w.]+)\((?P<inside>.*)\)")
_DIRECTORY = frozenset({"directoryObject", "group", "servicePrincipal", "user"})
"""Types whose keys are GUIDs (Graph, resource types); the metadata says no more than text."""

_KEY = re.compile(r"(?:(?P<name>\w+)=)?'(?:[^']|'')+'")


def resolve(schema: Schema, path: str) -> Resource:
    """`path` begins after the version. Raises UnknownPathError."""
    first, *rest = [unquote(segment) for segment in path.strip("/").split("/")]
    name, key = _split(first)
    if name not in schema.roots:
        raise UnknownPathError(f"no entity set or singleton '{name}'")
    resource = _at(schema.roots[name])
    if key:
        resource = _keyed(schema, resource, key)
    for segment in rest:
        resource = _step(schema, resource, segment)
    return resource


def _step(schema: Schema, resource: Resource, segment: str) -> Resource:
    if resource.kind not in {Kind.OBJECTS, Kind.OBJECT}:
        raise UnknownPathError(f"nothing can follow before '{segment}'")
    if segment == "$count" and resource.kind is Kind.OBJECTS:
        return replace(resource, kind=Kind.COUNT)
    if segment == "$ref":
        if resource.through is None or resource.through.contains:
            raise UnknownPathError("$ref does not follow a relationship")
        return replace(resource, kind=Kind.REFERENCE)
    name, inside = _split(segment)
    operation = schema.operation(name.rpartition(".")[2], resource.type)
    if operation is not None:
        return replace(resource, kind=Kind.OPERATION, operation=operation)
    if qualified(name) in schema.structures:
        return _cast(schema, resource, qualified(name))
    if resource.kind is Kind.OBJECTS:
        if not _may_be_key(resource.type.name, segment):
            raise UnknownPathError(f"{resource.type} has no operation and no key '{segment}'")
        return replace(resource, kind=Kind.OBJECT, type=resource.type.item, by_key=True)
    found = schema.property(resource.type.name, name)
    if found is not None and not found.navigates and found.type.is_collection:
        return replace(resource, kind=Kind.VALUES, type=found.type)
    if found is None or not found.navigates:
        raise UnknownPathError(f"{resource.type} has no navigation or operation '{name}'")
    reached = replace(_at(found.type), through=found)
    return _keyed(schema, reached, inside) if inside else reached


def _may_be_key(type_name: str, segment: str) -> bool:
    name = type_name.removeprefix(f"{NAMESPACE}.")
    if name in _DIRECTORY:
        is_upn = name in {"directoryObject", "user"} and "@" in segment
        return is_upn or GUID.fullmatch(segment) is not None
    return _CALL.fullmatch(segment) is None


def _at(reference: TypeRef) -> Resource:
    kind = Kind.OBJECTS if reference.is_collection else Kind.OBJECT
    return Resource(kind=kind, type=reference)


def _cast(schema: Schema, resource: Resource, name: str) -> Resource:
    if not schema.is_a(name, resource.type.name):
        raise UnknownPathError(f"{name} is not a {resource.type.name}")
    return replace(resource, type=TypeRef(name, resource.type.is_collection))


def _keyed(schema: Schema, resource: Resource, key: str) -> Resource:
    match = _KEY.fullmatch(key)
    if match is None or resource.kind is not Kind.OBJECTS:
        raise UnknownPathError(f"'{key}' is not a key")
    alternates = {a for s in schema.lineage(resource.type.name) for a in s.alternate_keys}
    if match["name"] and match["name"] not in alternates | {"id"}:
        raise UnknownPathError(f"{resource.type.name} has no key '{match['name']}'")
    return replace(resource, kind=Kind.OBJECT, type=resource.type.item, by_key=True)


def _split(segment: str) -> tuple[str, str]:
    """Name and what stands in the parentheses behind it."""
    call = _CALL.fullmatch(segment)
    return (call["name"], call["inside"]) if call else (segment, "")

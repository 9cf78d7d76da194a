"""Compares method, body and headers of a request with the resource that the path names."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.support.csdl.exchange import ROOT, Exchange
from tests.support.csdl.model import Operation, Property, Schema
from tests.support.csdl.resource import Kind, Resource, UnknownPathError, resolve
from tests.support.csdl.values import Place, wrong_object, wrong_value

JSON = "application/json"
BIND = "@odata.bind"
IN_REQUEST = Place(is_answer=False)


def wrong_method(exchange: Exchange, resource: Resource) -> Iterator[str]:
    allowed = _methods(resource)
    if exchange.method not in allowed:
        yield f"{exchange.method} is not for {_named(resource)}, only {', '.join(sorted(allowed))}"


def wrong_body(schema: Schema, exchange: Exchange, resource: Resource) -> Iterator[str]:
    body = exchange.body
    if exchange.method in {"GET", "DELETE"}:
        if body is not None:
            yield f"a body with {exchange.method}"
        return
    if resource.operation is not None:
        yield from _wrong_parameters(schema, body, resource.operation)
        return
    media_type = exchange.headers.get("content-type", "").partition(";")[0]
    if media_type != JSON:
        yield f"content-type: {media_type or 'none'} is not {JSON}"
    if not isinstance(body, dict):
        yield "body: no JSON object"
    elif resource.kind is Kind.REFERENCE:
        if set(body) != {"@odata.id"}:
            yield "body: a reference has @odata.id and no more"
        yield from _wrong_link(schema, body.get("@odata.id"), resource.through, at="@odata.id")
    else:
        yield from wrong_object(schema, body, resource.type.name, IN_REQUEST, at="")
        yield from _wrong_binds(schema, body, resource.type.name)


def _methods(resource: Resource) -> frozenset[str]:
    match resource.kind:
        case Kind.OPERATION if resource.operation is not None:
            return frozenset({"POST" if resource.operation.is_action else "GET"})
        case Kind.COUNT | Kind.VALUES:
            return frozenset({"GET"})
        case Kind.REFERENCE:
            return frozenset({"DELETE"} if resource.by_key else {"GET", "POST"})
        case Kind.OBJECTS:
            return frozenset({"GET", "POST"} if _owns(resource) else {"GET"})
    # DELETE without $ref would delete the object, and not its entry in the relationship.
    return frozenset({"GET", "PATCH", "DELETE"} if _owns(resource) else {"GET"})


def _owns(resource: Resource) -> bool:
    """Whether the objects live here, rather than being referred to from here."""
    return resource.through is None or resource.through.contains


def _named(resource: Resource) -> str:
    if resource.operation is not None:
        kind = "action" if resource.operation.is_action else "function"
        return f"the {kind} {resource.operation.name}"
    through = f" by '{resource.through.name}'" if resource.through else ""
    return f"{resource.kind.name.lower()} of {resource.type.name}{through}"


def _wrong_parameters(schema: Schema, body: Any, operation: Operation) -> Iterator[str]:
    given = {} if body is None else body
    if not isinstance(given, dict):
        yield "body: no JSON object"
        return
    for name, value in given.items():
        parameter = operation.parameters.get(name)
        if parameter is None:
            yield f"{name}: the action {operation.name} has no such parameter"
        else:
            yield from wrong_value(
                schema, value, parameter.type, IN_REQUEST, nullable=parameter.nullable, at=name
            )
    for name in operation.parameters.keys() - operation.optional - given.keys():
        yield f"{name}: the action {operation.name} needs it"


def _wrong_binds(schema: Schema, body: dict[str, Any], type_name: str) -> Iterator[str]:
    for name, value in body.items():
        if name.endswith(BIND):
            found = schema.property(type_name, name.removesuffix(BIND))
            for link in value if isinstance(value, list) else [value]:
                yield from _wrong_link(schema, link, found, at=name)


def _wrong_link(
    schema: Schema, link: Any, relationship: Property | None, *, at: str
) -> Iterator[str]:
    """An address of one object of the kind that the relationship leads to."""
    address = urlsplit(str(link))
    _, root, path = address.path.partition(ROOT)
    if not (address.scheme and address.netloc and root):
        yield f"{at}: {link} is no address of an object in Graph"
        return
    try:
        named = resolve(schema, path)
    except UnknownPathError as error:
        yield f"{at}: {link}: {error}"
        return
    fits = relationship is None or schema.may_be(named.type.name, relationship.type.name)
    if named.kind is not Kind.OBJECT or not fits:
        yield f"{at}: {link} names no {relationship.type.name if relationship else 'object'}"

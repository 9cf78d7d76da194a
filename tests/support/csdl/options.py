"""Compares the query of a request with the type that the path names."""

from collections.abc import Iterator

from tests.support.csdl.exchange import Exchange
from tests.support.csdl.filters import FilterError, property_at, wrong_filter
from tests.support.csdl.model import Schema
from tests.support.csdl.resource import Kind, Resource

OF_LISTS = frozenset(
    {"$select", "$filter", "$expand", "$orderby", "$search", "$count", "$top", "$skip"}
) | {"$skiptoken"}
OF_DELTA = frozenset(["$select", "$filter", "$expand", "$deltatoken", "$skiptoken"])
ALLOWED = {
    Kind.OBJECTS: OF_LISTS,
    Kind.OBJECT: frozenset({"$select", "$expand"}),
    Kind.VALUES: frozenset(),
    Kind.COUNT: frozenset({"$filter", "$search"}),
    Kind.REFERENCE: frozenset({"$top", "$skiptoken", "@odata.id"}),
}
LARGEST_PAGE = 999


def wrong_options(schema: Schema, exchange: Exchange, resource: Resource) -> Iterator[str]:
    seen = set[str]()
    for name, value in exchange.options:
        if name in seen:
            yield f"{name} is there twice"
        seen.add(name)
        if name not in _allowed(exchange, resource):
            yield f"{name} is no option here"
        else:
            yield from _wrong_option(schema, name, value, resource.type.name)


def names(exchange: Exchange, option: str) -> list[str]:
    """The properties in a $select or $expand."""
    text = dict(exchange.options).get(option, "")
    return [name.strip().partition("(")[0] for name in text.split(",") if name.strip()]


def _allowed(exchange: Exchange, resource: Resource) -> frozenset[str]:
    operation = resource.operation
    if operation is not None:
        return OF_DELTA if operation.name == "delta" else frozenset()
    return ALLOWED[resource.kind] if exchange.method == "GET" else frozenset()


def _wrong_option(schema: Schema, name: str, value: str, type_name: str) -> Iterator[str]:
    match name:
        case "$select" | "$orderby":
            for part in value.split(","):
                yield from _wrong_name(schema, name, part.split()[:1], type_name)
        case "$expand":
            for part in value.split(","):
                found = schema.property(type_name, part.strip().partition("(")[0])
                if found is None or not found.navigates:
                    yield f"$expand: {type_name} has no navigation '{part.strip()}'"
        case "$filter":
            yield from wrong_filter(schema, value, type_name)
        case "$top" if not (value.isdigit() and 0 < int(value) <= LARGEST_PAGE):
            yield f"$top: {value} is no number from 1 to {LARGEST_PAGE}"
        case "$count" if value not in {"true", "false"}:
            yield f"$count: {value} is neither true nor false"


def _wrong_name(schema: Schema, option: str, name: list[str], type_name: str) -> Iterator[str]:
    try:
        property_at(schema, type_name, name[0] if name else "")
    except FilterError as error:
        yield f"{option}: {error}"

"""Compares status, body and headers of an answer with the resource that the path names."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.support.csdl.exchange import ROOT, Exchange
from tests.support.csdl.model import Schema, TypeRef, qualified
from tests.support.csdl.options import names
from tests.support.csdl.resource import Kind, Resource, UnknownPathError, resolve
from tests.support.csdl.values import Place, wrong_value

JSON = "application/json"
CONTEXT, NEXT, DELTA, COUNT = (
    "@odata.context",
    "@odata.nextLink",
    "@odata.deltaLink",
    "@odata.count",
)
EMPTY = frozenset({204})
PRIMITIVE = "Edm."


def wrong_answer(schema: Schema, exchange: Exchange, resource: Resource) -> Iterator[str]:
    status = exchange.status
    if status is None:
        return
    if status >= 400:
        yield from wrong_error(exchange)
        return
    wanted = _statuses(exchange, resource)
    if status not in wanted:
        yield f"status: {status} is not {' or '.join(map(str, sorted(wanted)))}"
    elif status in EMPTY:
        if exchange.answer is not None:
            yield "answer: a body with 204"
    elif resource.kind is Kind.COUNT:
        yield from _wrong_count(exchange)
    else:
        yield from _wrong_json(schema, exchange, resource)


def wrong_error(exchange: Exchange) -> Iterator[str]:
    """`{"error": {"code": …, "message": …}}`, as OData and Graph document it."""
    answer = exchange.answer
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        yield f"answer: {exchange.status} without an error object"
        return
    for name in ("code", "message"):
        if not isinstance(error.get(name), str):
            yield f"error.{name}: no text"
    if not isinstance(error.get("innerError", {}), dict):
        yield "error.innerError: no object"


def _statuses(exchange: Exchange, resource: Resource) -> frozenset[int]:
    operation = resource.operation
    if operation is not None:
        return frozenset({200}) if operation.returns else EMPTY
    match exchange.method:
        case "POST":
            return EMPTY if resource.kind is Kind.REFERENCE else frozenset({201})
        case "PATCH":
            return frozenset({200, 204})
        case "DELETE":
            return EMPTY
    return frozenset({200})


def _wrong_count(exchange: Exchange) -> Iterator[str]:
    media_type = exchange.answer_headers.get("content-type", "").partition(";")[0]
    if media_type != "text/plain":
        yield f"content-type: {media_type or 'none'} is not text/plain"
    if not isinstance(exchange.answer, int) or isinstance(exchange.answer, bool):
        yield "answer: no number"


def _wrong_json(schema: Schema, exchange: Exchange, resource: Resource) -> Iterator[str]:
    answer = exchange.answer
    media_type = exchange.answer_headers.get("content-type", "").partition(";")[0]
    if media_type != JSON:
        yield f"content-type: {media_type or 'none'} is not {JSON}"
    if not isinstance(answer, dict):
        yield "answer: no JSON object"
        return
    returned = _returned(exchange, resource)
    if returned.name.startswith(PRIMITIVE):
        yield from _wrong_primitive(schema, answer, returned)
        return
    yield from _wrong_context(schema, answer.get(CONTEXT))
    place = Place(
        is_answer=True,
        delta=resource.operation is not None and resource.operation.name == "delta",
        expanded=frozenset(names(exchange, "$expand")),
    )
    if not returned.is_collection:
        yield from wrong_value(schema, answer, returned, place, nullable=False, at="")
        yield from _wrong_selection(exchange, answer, place, at="")
        return
    yield from _wrong_page(exchange, answer, place)
    items = answer.get("value")
    for number, item in enumerate(items if isinstance(items, list) else ()):
        at = f"value[{number}]"
        yield from wrong_value(schema, item, returned.item, place, nullable=False, at=at)
        yield from _wrong_selection(exchange, item, place, at=at)


def _wrong_primitive(schema: Schema, answer: dict[str, Any], returned: TypeRef) -> Iterator[str]:
    """A single value of a primitive type is an object: its type in the context, and `value`."""
    if not str(answer.get(CONTEXT)).endswith(f"$metadata#{returned.name}"):
        yield f"{CONTEXT}: {answer.get(CONTEXT)!r} does not name {returned.name}"
    if set(answer) != {CONTEXT, "value"}:
        yield f"answer: {sorted(answer)} is not a single value"
    place = Place(is_answer=True, delta=False, expanded=frozenset())
    yield from wrong_value(schema, answer.get("value"), returned, place, nullable=False, at="value")


def _returned(exchange: Exchange, resource: Resource) -> TypeRef:
    if resource.operation is not None and resource.operation.returns is not None:
        return resource.operation.returns
    return resource.type.item if exchange.method == "POST" else resource.type


def _wrong_page(exchange: Exchange, answer: dict[str, Any], place: Place) -> Iterator[str]:
    if not isinstance(answer.get("value"), list):
        yield "value: no list"
    for name in answer.keys() - {CONTEXT, NEXT, DELTA, COUNT, "value"}:
        yield f"{name}: not part of a list's answer"
    for name in {NEXT, DELTA} & answer.keys():
        link = urlsplit(str(answer[name]))
        asked = exchange.path.removesuffix("()")
        if not link.scheme or link.path.partition(ROOT)[2].removesuffix("()") != asked:
            yield f"{name}: {answer[name]} does not lead on from {asked}"
    links = len({NEXT, DELTA} & answer.keys())
    if place.delta and links != 1:
        yield f"answer: a page of a delta has a nextLink or a deltaLink, not {links}"
    if not place.delta and DELTA in answer:
        yield f"{DELTA}: only the function delta gives one"
    if isinstance(answer.get(COUNT, 0), bool) or not isinstance(answer.get(COUNT, 0), int):
        yield f"{COUNT}: no number"


def _wrong_selection(exchange: Exchange, item: Any, place: Place, *, at: str) -> Iterator[str]:
    """Checks that the properties of $select are there, and no others except the id and those of
    $expand."""
    selected = {name.partition("/")[0] for name in names(exchange, "$select")}
    if not selected or not isinstance(item, dict):
        return
    shown = {name for name in item if "@" not in name}
    for name in sorted(shown - selected - place.expanded - {"id"}):
        yield f"{at}.{name}: not selected"
    if not place.delta:
        for name in sorted(selected - shown):
            yield f"{at}.{name}: selected, and not there"


def _wrong_context(schema: Schema, context: Any) -> Iterator[str]:
    """Checks that the context ends in the path, or the type, of the answer."""
    _, metadata, named = str(context or "").partition("$metadata#")
    named = named.removesuffix("/$entity").partition("(")[0]
    if not metadata or not named:
        yield f"{CONTEXT}: {context!r} names no type"
    elif qualified(named) not in schema.structures and not named.startswith("microsoft."):
        try:
            resolve(schema, named.partition("/")[0])
        except UnknownPathError as error:
            yield f"{CONTEXT}: {error}"

"""Defines the form of a module of routes: rows of method, path and handler."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph.envelope import JSON_TYPE, graph_json
from emulator.graph.errors import bad_request, not_found
from emulator.graph.gateway import ROOT
from emulator.graph.objects import Entity
from emulator.graph.odata import equality, matches, page
from emulator.graph.tenant import Tenant

Handler = Callable[[Tenant, Request], Awaitable[Response]]
Rows = Sequence[tuple[str, str, Handler]]
Json = dict[str, Any]


def routes(tenant: Tenant, rows: Rows, root: str = ROOT) -> list[Route]:
    return [
        Route(root + path, partial(handler, tenant), methods=[method])
        for method, path, handler in rows
    ]


async def body(request: Request) -> Json:
    """Returns the body. Raises GraphError 400 unless it is a JSON object."""
    try:
        value = json.loads(await request.body())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise bad_request("Unable to read JSON request payload.", "BadRequest")
    return value


def base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{ROOT}"


def url(request: Request) -> str:
    """Returns the address of the resource without the query, for links to further pages."""
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path}"


def listed(
    request: Request, items: Sequence[Any], text: Callable[[Any], str], *, context: str
) -> Response:
    """Returns one page of a collection; `text` returns the JSON of an item."""
    empty_first = request.scope["graph.behaviours"].empty_pages
    shown, next_link = page(items, request.query_params, url(request), empty_first=empty_first)
    answer: Json = {"@odata.context": f"{base(request)}/$metadata#{context}"}
    if request.query_params.get("$count") == "true":
        answer["@odata.count"] = len(items)
    if next_link:
        answer["@odata.nextLink"] = next_link
    values = ",".join(map(text, shown))
    content = f'{json.dumps(answer)[:-1]},"value":[{values}]}}'
    return Response(content, media_type=JSON_TYPE)


def one(request: Request, item: Mapping[str, Any], context: str, status: int = 200) -> Response:
    return graph_json(
        {"@odata.context": f"{base(request)}/$metadata#{context}/$entity", **item}, status
    )


def filtered(tenant: Tenant, request: Request, entities: Iterable[Entity]) -> list[Entity]:
    """Returns the entities that match $filter and that the replica shows."""
    expression = request.query_params.get("$filter")
    wanted = equality(expression)
    if wanted is not None and wanted[0] != "id":
        name, text = wanted
        entities = (e for e in entities if str(e.properties.get(name) or "").casefold() == text)
        expression = None
    return [
        entity
        for entity in entities
        if tenant.replica.shows(entity)
        and matches(expression, {"id": entity.id, **entity.properties})
    ]


def done() -> Response:
    return Response(status_code=204)


def visible(tenant: Tenant, entity: Entity | None, key: str) -> Entity:
    """Returns the entity for a read. Raises GraphError 404 if it is unknown, or if the replica has
    not received it yet."""
    if entity is None or not tenant.replica.shows(entity):
        raise not_found(key)
    return entity


def reference(value: Any) -> str:
    """Returns the object id at the end of an @odata.id or of an entry of @odata.bind."""
    if not isinstance(value, str) or "/" not in value:
        raise bad_request("Invalid reference: an @odata.id with an object's address is needed.")
    return value.rstrip("/").rsplit("/", 1)[-1].lower()

"""Implements GET /groups/delta and GET /users/delta."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from emulator.graph import delta
from emulator.graph.envelope import graph_json
from emulator.graph.errors import GraphError, bad_request
from emulator.graph.hidden import without_hidden
from emulator.graph.odata import link, names, wanted_ids
from emulator.graph.routes.table import Json, base, url
from emulator.graph.tenant import Tenant

MAX_OBJECTS = 50
"""Maximum number of objects in the $filter of a delta query (Graph, group: delta)."""

UNSUPPORTED = ("$top", "$orderby", "$expand", "$search")


async def groups_delta(tenant: Tenant, request: Request) -> Response:
    return _delta(tenant, request, "group")


async def users_delta(tenant: Tenant, request: Request) -> Response:
    return _delta(tenant, request, "user")


def _delta(tenant: Tenant, request: Request, kind: str) -> Response:
    """Answers a delta query. The token contains the parameters of the first call; later parameters
    are ignored."""
    query, now = request.query_params, tenant.clock.time()
    address = url(request)
    for name in UNSUPPORTED:
        if name in query:
            raise bad_request(f"{name} is not supported for change tracking.")
    text = query.get("$deltatoken") or query.get("$skiptoken")
    if text and text != "latest":
        try:
            token = delta.decoded(text, now=now, valid_from=tenant.tokens_valid_from)
        except GraphError as error:
            if error.status == HTTPStatus.GONE:
                raise delta.expired(f"{address}?$deltatoken=") from None
            raise
    else:
        token = delta.Token(
            since=None,
            issued=now,
            kind=kind,
            ids=wanted_ids(query.get("$filter"), MAX_OBJECTS),
            select=names(query.get("$select")),
        )
    if text == "latest":
        page = delta.latest(tenant.replica, token, now)
    else:
        manner = delta.Manner(tenant.switches.now, tenant.replays)
        page = delta.read(tenant.directory, tenant.replica, token, now, manner)
    answer: Json = {"@odata.context": f"{base(request)}/$metadata#{kind}s"}
    if page.next is not None:
        answer["@odata.nextLink"] = link(address, {"$skiptoken": page.next.encoded()})
    if page.delta is not None:
        answer["@odata.deltaLink"] = link(address, {"$deltatoken": page.delta.encoded()})
    values = without_hidden(request, page.values, tenant.directory.groups)
    return graph_json({**answer, "value": values})

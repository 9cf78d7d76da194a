"""Implements subscriptions to change notifications."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph.routes.table import body, done, listed, one, routes
from emulator.graph.tenant import Tenant


def subscription_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("GET", "/subscriptions", list_subscriptions),
            ("POST", "/subscriptions", create),
            ("GET", "/subscriptions/{id}", get),
            ("PATCH", "/subscriptions/{id}", update),
            ("DELETE", "/subscriptions/{id}", delete),
            ("POST", "/subscriptions/{id}/reauthorize", reauthorize),
        ],
    )


async def list_subscriptions(tenant: Tenant, request: Request) -> Response:
    live = tenant.subscriptions.live()
    return listed(request, live, lambda s: json.dumps(s.shown()), context="subscriptions")


async def create(tenant: Tenant, request: Request) -> Response:
    return one(
        request, await tenant.subscriptions.create(await body(request)), "subscriptions", 201
    )


async def get(tenant: Tenant, request: Request) -> Response:
    subscription = tenant.subscriptions.get(request.path_params["id"])
    return one(request, subscription.shown(), "subscriptions")


async def update(tenant: Tenant, request: Request) -> Response:
    changed = await tenant.subscriptions.update(request.path_params["id"], await body(request))
    return one(request, changed, "subscriptions")


async def delete(tenant: Tenant, request: Request) -> Response:
    tenant.subscriptions.delete(request.path_params["id"])
    return done()


async def reauthorize(tenant: Tenant, request: Request) -> Response:
    tenant.subscriptions.get(request.path_params["id"])
    return done()

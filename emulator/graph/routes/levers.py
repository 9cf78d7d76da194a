"""Levers that put the tenant into a state that somebody should find out about."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph.errors import bad_request
from emulator.graph.routes.table import body, done, routes
from emulator.graph.tenant import Tenant


def lever_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("POST", "/emulator/permissions", permissions),
            ("POST", "/emulator/subscriptions/clear", clear_subscriptions),
        ],
        root="",
    )


async def permissions(tenant: Tenant, request: Request) -> Response:
    """`{"roles": [...]}`: what the managed identity may do from now on."""
    roles = (await body(request)).get("roles")
    if not isinstance(roles, list):
        raise bad_request("roles is a list of application permissions")
    tenant.tokens.roles = [str(role) for role in roles]
    return done()


async def clear_subscriptions(tenant: Tenant, _: Request) -> Response:
    tenant.subscriptions.clear()
    return done()

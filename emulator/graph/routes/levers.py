"""Implements controls that put the tenant into a state that Hasten or an operator should detect."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.entra import names
from emulator.graph.envelope import graph_json
from emulator.graph.errors import bad_request
from emulator.graph.routes.table import body, done, routes
from emulator.graph.tenant import Tenant


def lever_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("POST", "/emulator/targets/{sp}/job", job),
            ("POST", "/emulator/targets/{sp}/schema", schema),
            ("POST", "/emulator/logs/contradict", contradict),
            ("POST", "/emulator/permissions", permissions),
            ("POST", "/emulator/subscriptions/clear", clear_subscriptions),
            ("GET", "/emulator/entra", behaviours),
            ("POST", "/emulator/entra", switch),
        ],
        root="",
    )


async def job(tenant: Tenant, request: Request) -> Response:
    """`{"exists": false}` deletes the job, true restores it."""
    exists = bool((await body(request)).get("exists", True))
    tenant.target(request.path_params["sp"]).job.exists = exists
    return done()


async def schema(tenant: Tenant, request: Request) -> Response:
    """`{"mapping": {"objectId": "externalId", …}}` replaces the users' mapping, source by target as
    in the portal; `{"rules": 2}` sets the number of rules that fit."""
    asked = await body(request)
    changed = tenant.target(request.path_params["sp"]).job
    if "mapping" in asked:
        changed.user_mapping = {str(k): str(v) for k, v in asked["mapping"].items()}
    if "rules" in asked:
        changed.fitting_rules = int(asked["rules"])
    return done()


async def contradict(tenant: Tenant, request: Request) -> Response:
    """`{"user": id, "error_code": "InvalidAnchor"}`: the log contradicts the next on-demand call
    for this user."""
    asked = await body(request)
    user = tenant.directory.user(str(asked.get("user", "")))
    if user is None:
        raise bad_request("user is the id of one who exists")
    tenant.log.contradictions[user.id] = str(asked.get("error_code", "InternalServerError"))
    return done()


async def permissions(tenant: Tenant, request: Request) -> Response:
    """`{"roles": [...]}`: sets the permissions of the managed identity."""
    roles = (await body(request)).get("roles")
    if not isinstance(roles, list):
        raise bad_request("roles is a list of application permissions")
    tenant.tokens.roles = [str(role) for role in roles]
    return done()


async def behaviours(tenant: Tenant, _: Request) -> Response:
    return graph_json(names.shown(tenant.switches.now))


async def switch(tenant: Tenant, request: Request) -> Response:
    """`{"assignment-lag": 45, "shared-window": true}`: sets these behaviours and keeps the
    others."""
    try:
        tenant.switches.now = names.with_values(tenant.switches.now, await body(request))
    except names.UnknownBehaviourError as error:
        raise bad_request(str(error)) from None
    return await behaviours(tenant, request)


async def clear_subscriptions(tenant: Tenant, _: Request) -> Response:
    tenant.subscriptions.clear()
    return done()

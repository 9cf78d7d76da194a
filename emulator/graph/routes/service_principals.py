"""Implements enterprise applications and their assignments."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph.errors import bad_request, not_found
from emulator.graph.objects import Entity
from emulator.graph.odata import matches, names
from emulator.graph.routes.table import body, done, filtered, listed, one, routes, visible
from emulator.graph.tenant import Tenant


def service_principal_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("GET", "/servicePrincipals", list_service_principals),
            ("POST", "/servicePrincipals", create_service_principal),
            ("GET", "/servicePrincipals/{sp}", get_service_principal),
            ("PATCH", "/servicePrincipals/{sp}", update_service_principal),
            ("GET", "/servicePrincipals/{sp}/appRoleAssignedTo", assigned_to),
            ("POST", "/servicePrincipals/{sp}/appRoleAssignedTo", assign),
            ("DELETE", "/servicePrincipals/{sp}/appRoleAssignedTo/{assignment}", unassign),
            ("GET", "/groups/{principal}/appRoleAssignments", assignments_of_group),
            ("POST", "/groups/{principal}/appRoleAssignments", assign),
            ("DELETE", "/groups/{principal}/appRoleAssignments/{assignment}", unassign),
            ("POST", "/users/{principal}/appRoleAssignments", assign),
            ("DELETE", "/users/{principal}/appRoleAssignments/{assignment}", unassign),
        ],
    )


async def list_service_principals(tenant: Tenant, request: Request) -> Response:
    principals = filtered(tenant, request, tenant.directory.service_principals.values())
    select = names(request.query_params.get("$select"))
    return listed(request, principals, lambda p: p.text(select), context="servicePrincipals")


async def get_service_principal(tenant: Tenant, request: Request) -> Response:
    principal = find(tenant, request)
    select = names(request.query_params.get("$select"))
    return one(request, principal.shown(select), "servicePrincipals")


async def create_service_principal(tenant: Tenant, request: Request) -> Response:
    """Creates an app that is not provisioned."""
    principal = tenant.directory.create_service_principal(await body(request))
    return one(request, principal.shown(), "servicePrincipals", 201)


async def update_service_principal(tenant: Tenant, request: Request) -> Response:
    find(tenant, request).update(await body(request))
    return done()


async def assigned_to(tenant: Tenant, request: Request) -> Response:
    assigned = tenant.replica.assignments(resource=find(tenant, request))
    return _assignments(request, [assignment.shown() for assignment in assigned])


async def assignments_of_group(tenant: Tenant, request: Request) -> Response:
    group_id = str(request.path_params["principal"]).lower()
    group = visible(tenant, tenant.directory.groups.get(group_id), group_id)
    assigned = tenant.replica.assignments(principals=frozenset({group.id}))
    return _assignments(request, [assignment.shown() for assignment in assigned])


async def assign(tenant: Tenant, request: Request) -> Response:
    asked = await body(request)
    ids = [str(asked.get(name) or "") for name in ("principalId", "resourceId", "appRoleId")]
    principal = tenant.directory.find(ids[0])
    resource = tenant.directory.service_principals.get(ids[1].lower())
    if principal is None or resource is None or not tenant.replica.shows(principal):
        raise bad_request("Not a valid reference update.")
    assignment = tenant.assignments.add(principal, resource, ids[2].lower())
    return one(request, assignment.shown(), "appRoleAssignments", 201)


async def unassign(tenant: Tenant, request: Request) -> Response:
    assignment = request.path_params["assignment"]
    if tenant.switches.now.unseen_not_removed:
        seen = {one.id for one in tenant.replica.assignments()}
        if assignment not in seen:
            raise not_found(assignment)
    tenant.assignments.remove(
        assignment,
        principal=request.path_params.get("principal", ""),
        resource=find(tenant, request).id if "sp" in request.path_params else "",
    )
    return done()


def find(tenant: Tenant, request: Request) -> Entity:
    """Returns the service principal with this object id or appId. Raises GraphError 404."""
    key = str(request.path_params["sp"]).lower()
    principal = tenant.directory.service_principals.get(key)
    if principal is not None:
        return principal
    for other in tenant.directory.service_principals.values():
        if str(other.properties.get("appId", "")).lower() == key:
            return other
    raise not_found(key)


def _assignments(request: Request, shown: list[dict[str, Any]]) -> Response:
    expression = request.query_params.get("$filter")
    return listed(
        request,
        [assignment for assignment in shown if matches(expression, assignment)],
        json.dumps,
        context="appRoleAssignments",
    )

"""Implements users, and the softly deleted objects that can be restored."""

import json
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph import rendering
from emulator.graph.envelope import graph_json
from emulator.graph.hidden import hides
from emulator.graph.objects import Entity
from emulator.graph.odata import matches, names
from emulator.graph.routes.delta import users_delta
from emulator.graph.routes.table import base, body, done, filtered, listed, one, routes, visible
from emulator.graph.tenant import Tenant


def user_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("GET", "/users/delta", users_delta),
            ("GET", "/users", list_users),
            ("POST", "/users", create_user),
            ("GET", "/users/{key}", get_user),
            ("PATCH", "/users/{key}", update_user),
            ("DELETE", "/users/{key}", delete_user),
            ("POST", "/users/{key}/revokeSignInSessions", revoke_sessions),
            ("GET", "/users/{key}/memberOf", member_of),
            ("GET", "/users/{key}/appRoleAssignments", app_role_assignments),
            ("GET", "/directory/deletedItems/{id}", deleted_item),
            ("DELETE", "/directory/deletedItems/{id}", purge),
            ("POST", "/directory/deletedItems/{id}/restore", restore),
        ],
    )


async def list_users(tenant: Tenant, request: Request) -> Response:
    users = filtered(tenant, request, tenant.directory.users.values())
    select = names(request.query_params.get("$select"))
    return listed(
        request, users, lambda user: rendering.text(tenant, user, select), context="users"
    )


async def create_user(tenant: Tenant, request: Request) -> Response:
    user = tenant.directory.create_user(await body(request))
    return one(request, user.shown(), "users", 201)


async def get_user(tenant: Tenant, request: Request) -> Response:
    user = _seen(tenant, request)
    select = names(request.query_params.get("$select"))
    return one(request, rendering.shown(tenant, user, select), "users")


async def update_user(tenant: Tenant, request: Request) -> Response:
    properties = await body(request)
    tenant.directory.update(_user(tenant, request), properties)
    return done()


async def delete_user(tenant: Tenant, request: Request) -> Response:
    tenant.directory.delete(_user(tenant, request))
    return done()


async def revoke_sessions(tenant: Tenant, request: Request) -> Response:
    user = _user(tenant, request)
    at = datetime.fromtimestamp(tenant.clock.time(), UTC).isoformat().replace("+00:00", "Z")
    tenant.directory.update(user, {"signInSessionsValidFromDateTime": at})
    return graph_json({"@odata.context": f"{base(request)}/$metadata#Edm.Boolean", "value": True})


async def member_of(tenant: Tenant, request: Request) -> Response:
    replica = tenant.replica
    groups = replica.groups_of(_seen(tenant, request))
    select = names(request.query_params.get("$select"))
    return listed(
        request,
        [group for group in groups if replica.shows(group) and not hides(request, group)],
        lambda group: group.text(select, typed=True),
        context="directoryObjects",
    )


async def app_role_assignments(tenant: Tenant, request: Request) -> Response:
    """Returns the user's assignments, including those of groups that have the user as a direct
    member."""
    user, replica = _seen(tenant, request), tenant.replica
    through = {group.id for group in replica.groups_of(user) if not hides(request, group)}
    shown = [a.shown() for a in replica.assignments(principals=frozenset({user.id, *through}))]
    expression = request.query_params.get("$filter")
    return listed(
        request,
        [assignment for assignment in shown if matches(expression, assignment)],
        json.dumps,
        context="appRoleAssignments",
    )


async def deleted_item(tenant: Tenant, request: Request) -> Response:
    entity = tenant.directory.deleted(str(request.path_params["id"]).lower())
    select = names(request.query_params.get("$select"))
    shown = {"@odata.type": entity.type_name, **entity.shown(select)}
    return one(request, shown, "directoryObjects")


async def purge(tenant: Tenant, request: Request) -> Response:
    tenant.directory.purge(request.path_params["id"])
    return done()


async def restore(tenant: Tenant, request: Request) -> Response:
    entity = tenant.directory.restore(request.path_params["id"])
    return one(request, {"@odata.type": entity.type_name, **entity.shown()}, "directoryObjects")


def _seen(tenant: Tenant, request: Request) -> Entity:
    """Returns the user for a read: a replica on which removals lag still shows a recently deleted
    user."""
    key = str(request.path_params["key"])
    user = tenant.directory.user(key)
    if user is None and tenant.replica.removals_lag:
        user = tenant.directory.users.get(key.lower())
    return visible(tenant, user, key)


def _user(tenant: Tenant, request: Request) -> Entity:
    key = request.path_params["key"]
    return visible(tenant, tenant.directory.user(key), key)

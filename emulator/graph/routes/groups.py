"""Groups and their direct members."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.graph.directory import MAX_LINKS
from emulator.graph.errors import bad_request
from emulator.graph.objects import Entity, Json
from emulator.graph.odata import matches, names
from emulator.graph.routes.delta import groups_delta
from emulator.graph.routes.table import body, done, listed, one, reference, routes, visible
from emulator.graph.tenant import Tenant

MEMBERS_BIND, OWNERS_BIND = "members@odata.bind", "owners@odata.bind"


def group_routes(tenant: Tenant) -> list[Route]:
    return routes(
        tenant,
        [
            ("GET", "/groups/delta", groups_delta),
            ("GET", "/groups", list_groups),
            ("POST", "/groups", create_group),
            ("GET", "/groups/{id}", get_group),
            ("PATCH", "/groups/{id}", update_group),
            ("DELETE", "/groups/{id}", delete_group),
            ("POST", "/groups/{id}/members/$ref", add_member),
            ("GET", "/groups/{id}/members/$count", count_members),
            ("GET", "/groups/{id}/members", list_members),
            ("GET", "/groups/{id}/members/graph.user", list_members),
            ("GET", "/groups/{id}/members/microsoft.graph.user", list_members),
            ("DELETE", "/groups/{id}/members/{member}/$ref", remove_member),
        ],
    )


async def list_groups(tenant: Tenant, request: Request) -> Response:
    expression = request.query_params.get("$filter")
    groups = [
        group
        for group in tenant.directory.groups.values()
        if tenant.replica.shows(group) and matches(expression, {"id": group.id, **group.properties})
    ]
    select = names(request.query_params.get("$select"))
    return listed(request, groups, lambda group: group.text(select), context="groups")


async def create_group(tenant: Tenant, request: Request) -> Response:
    properties = await body(request)
    members = _bound(properties, MEMBERS_BIND)
    owners = _bound(properties, OWNERS_BIND)
    if len(members) + len(owners) > MAX_LINKS:
        raise bad_request("A resource cannot contain more than 20 link changes")
    group = tenant.directory.create_group(_without_binds(properties), members)
    return one(request, group.shown(), "groups", 201)


async def get_group(tenant: Tenant, request: Request) -> Response:
    group = _group(tenant, request)
    return one(request, group.shown(names(request.query_params.get("$select"))), "groups")


async def update_group(tenant: Tenant, request: Request) -> Response:
    group, properties = _group(tenant, request), await body(request)
    members = _bound(properties, MEMBERS_BIND)
    if members:
        tenant.directory.add_members(group, members)
    changed = _without_binds(properties)
    if changed:
        tenant.directory.update(group, changed)
    return done()


async def delete_group(tenant: Tenant, request: Request) -> Response:
    tenant.directory.delete(_group(tenant, request))
    return done()


async def list_members(tenant: Tenant, request: Request) -> Response:
    """Softly deleted users are members still, and are not shown."""
    group = _group(tenant, request)
    found = (tenant.directory.find(member) for member in tenant.replica.members(group))
    only_users = request.url.path.endswith("graph.user")
    members = [m for m in found if m is not None and (m.kind == "user" or not only_users)]
    select = names(request.query_params.get("$select"))
    return listed(
        request,
        members,
        lambda member: member.text(select, typed=True),
        context="directoryObjects",
    )


async def count_members(tenant: Tenant, request: Request) -> Response:
    if request.headers.get("ConsistencyLevel", "").lower() != "eventual":
        raise bad_request("$count needs the header ConsistencyLevel: eventual.")
    return PlainTextResponse(str(len(tenant.replica.members(_group(tenant, request)))))


async def add_member(tenant: Tenant, request: Request) -> Response:
    group = _group(tenant, request)
    tenant.directory.add_members(group, [reference((await body(request)).get("@odata.id"))])
    return done()


async def remove_member(tenant: Tenant, request: Request) -> Response:
    member = str(request.path_params["member"]).lower()
    tenant.directory.remove_member(_group(tenant, request), member)
    return done()


def _group(tenant: Tenant, request: Request) -> Entity:
    key = str(request.path_params["id"]).lower()
    return visible(tenant, tenant.directory.groups.get(key), key)


def _bound(properties: Json, name: str) -> list[str]:
    return [reference(value) for value in properties.get(name) or ()]


def _without_binds(properties: Json) -> Json:
    return {k: v for k, v in properties.items() if not k.endswith("@odata.bind")}

"""Implements groups and their direct members."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.graph import rendering
from emulator.graph.directory import MAX_LINKS
from emulator.graph.errors import bad_request, not_found
from emulator.graph.hidden import hides
from emulator.graph.objects import Entity, Json
from emulator.graph.odata import names
from emulator.graph.routes.delta import groups_delta
from emulator.graph.routes.table import (
    Rows,
    body,
    done,
    filtered,
    listed,
    one,
    reference,
    routes,
    visible,
)
from emulator.graph.tenant import Tenant

MEMBERS_BIND, OWNERS_BIND = "members@odata.bind", "owners@odata.bind"
MAX_DISPLAY_NAME, MAX_NICKNAME = 256, 64
NICKNAME_FORBIDS = frozenset('@()\\[]";:.<>, ')
"""Characters (Graph, group: create)."""

Members = Callable[[Tenant, Request], Awaitable[list[Entity]]]


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
            *_listings("/groups/{id}/members", direct_members),
            *_listings("/groups/{id}/transitiveMembers", transitive_members),
            ("DELETE", "/groups/{id}/members/{member}/$ref", remove_member),
            ("GET", "/groups/{id}/owners", list_owners),
        ],
    )


async def list_groups(tenant: Tenant, request: Request) -> Response:
    groups = filtered(tenant, request, tenant.directory.groups.values())
    select = names(request.query_params.get("$select"))
    return listed(
        request, groups, lambda group: rendering.text(tenant, group, select), context="groups"
    )


async def create_group(tenant: Tenant, request: Request) -> Response:
    properties = await body(request)
    members = _bound(properties, MEMBERS_BIND)
    owners = _bound(properties, OWNERS_BIND)
    if len(members) + len(owners) > MAX_LINKS:
        raise bad_request("A resource cannot contain more than 20 link changes")
    _check_new(properties)
    group = tenant.directory.create_group(_without_binds(properties), members, owners=owners)
    return one(request, group.shown(), "groups", 201)


async def get_group(tenant: Tenant, request: Request) -> Response:
    group = _group(tenant, request)
    select = names(request.query_params.get("$select"))
    return one(request, rendering.shown(tenant, group, select), "groups")


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


async def direct_members(tenant: Tenant, request: Request) -> list[Entity]:
    return _members(tenant, request, _group(tenant, request))


async def transitive_members(tenant: Tenant, request: Request) -> list[Entity]:
    """Returns each member once, and the nested groups themselves."""
    found: dict[str, Entity] = {}
    groups = [_group(tenant, request)]
    while groups:
        for member in _members(tenant, request, groups.pop()):
            if member.id not in found:
                found[member.id] = member
                if member.kind == "group":
                    groups.append(member)
    return list(found.values())


async def list_owners(tenant: Tenant, request: Request) -> Response:
    found = map(tenant.directory.find, _group(tenant, request).owners)
    return _directory_objects(tenant, request, [owner for owner in found if owner is not None])


async def add_member(tenant: Tenant, request: Request) -> Response:
    group = _group(tenant, request)
    tenant.directory.add_members(group, [reference((await body(request)).get("@odata.id"))])
    return done()


async def remove_member(tenant: Tenant, request: Request) -> Response:
    group, member = _group(tenant, request), str(request.path_params["member"]).lower()
    if tenant.switches.now.unseen_not_removed and member not in tenant.replica.members(group):
        raise not_found(member)
    tenant.directory.remove_member(group, member)
    return done()


def _listings(path: str, read: Members) -> Rows:
    """Returns the routes of a collection of members: list and count, of any kind or of users
    alone."""

    async def listing(tenant: Tenant, request: Request) -> Response:
        members = _asked_for(request, await read(tenant, request))
        return _directory_objects(tenant, request, members)

    async def count(tenant: Tenant, request: Request) -> Response:
        if request.headers.get("ConsistencyLevel", "").lower() != "eventual":
            raise bad_request("$count needs the header ConsistencyLevel: eventual.")
        return PlainTextResponse(str(len(_asked_for(request, await read(tenant, request)))))

    kinds = ("", "/graph.user", "/microsoft.graph.user")
    return [
        *(("GET", f"{path}{kind}/$count", count) for kind in kinds),
        *(("GET", f"{path}{kind}", listing) for kind in kinds),
    ]


def _asked_for(request: Request, members: list[Entity]) -> list[Entity]:
    only_users = request.url.path.removesuffix("/$count").endswith("graph.user")
    return [member for member in members if member.kind == "user" or not only_users]


def _members(tenant: Tenant, request: Request, group: Entity) -> list[Entity]:
    """Returns the members without softly deleted users, who are still members but are not shown."""
    if hides(request, group):
        return []
    found = map(tenant.directory.find, tenant.replica.members(group))
    return [member for member in found if member is not None]


def _directory_objects(tenant: Tenant, request: Request, objects: list[Entity]) -> Response:
    select = names(request.query_params.get("$select"))
    return listed(
        request,
        objects,
        lambda entity: rendering.text(tenant, entity, select, typed=True),
        context="directoryObjects",
    )


def _check_new(properties: Json) -> None:
    """Checks the required properties of a new group. Raises GraphError 400."""
    for name in ("displayName", "mailEnabled", "mailNickname", "securityEnabled"):
        if properties.get(name) is None:
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    nickname = str(properties["mailNickname"])
    too_long = {
        "displayName": len(str(properties["displayName"])) > MAX_DISPLAY_NAME,
        "mailNickname": len(nickname) > MAX_NICKNAME,
    }
    wrong = [name for name, is_so in too_long.items() if is_so]
    if not nickname.isascii() or not NICKNAME_FORBIDS.isdisjoint(nickname):
        wrong.append("mailNickname")
    if wrong:
        raise bad_request(f"Invalid value specified for property '{wrong[0]}' of resource 'Group'.")


def _group(tenant: Tenant, request: Request) -> Entity:
    key = str(request.path_params["id"]).lower()
    return visible(tenant, tenant.directory.groups.get(key), key)


def _bound(properties: Json, name: str) -> list[str]:
    return [reference(value) for value in properties.get(name) or ()]


def _without_binds(properties: Json) -> Json:
    return {k: v for k, v in properties.items() if not k.endswith("@odata.bind")}

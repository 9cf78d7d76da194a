"""Reads enterprise applications, users, groups and assignments."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.groups.item.group_item_request_builder import GroupItemRequestBuilder
from msgraph.generated.groups.item.members.members_request_builder import MembersRequestBuilder
from msgraph.generated.service_principals.item.app_role_assigned_to import (
    app_role_assigned_to_request_builder as assigned_to,
)
from msgraph.generated.service_principals.item.service_principal_item_request_builder import (
    ServicePrincipalItemRequestBuilder,
)
from msgraph.generated.service_principals.service_principals_request_builder import (
    ServicePrincipalsRequestBuilder,
)
from msgraph.generated.users.item.app_role_assignments.app_role_assignments_request_builder import (
    AppRoleAssignmentsRequestBuilder,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies
from hasten.adapters.graph.wire import Wire, or_none
from hasten.json import Json
from hasten.limits import MAX_PAGE_SIZE
from hasten.ports.directory_values import (
    Assignment,
    Assignments,
    Member,
    Members,
    UnreadMember,
    User,
)

DIRECTORY_PERMISSION = "Directory.Read.All"
GROUPS_PERMISSION = "Group.Read.All"

PRINCIPAL_FIELDS = ["id", "appId", "displayName", "appRoles"]
USER_FIELDS = ["id", "accountEnabled"]
FOUND_USER_FIELDS = ["id"]
GROUP_FIELDS = [
    "id",
    "displayName",
    "mailNickname",
    "mailEnabled",
    "securityEnabled",
    "isAssignableToRole",
    "groupTypes",
    "membershipRule",
    "onPremisesSyncEnabled",
    "visibility",
]


class Reads:
    def __init__(self, client: GraphServiceClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def service_principals(
        self, *, object_id: str = "", app_id: str = "", display_name: str = ""
    ) -> Sequence[Json]:
        all_of_them = self._client.service_principals
        if object_id:
            query = ServicePrincipalItemRequestBuilder.ServicePrincipalItemRequestBuilderGetQueryParameters(  # noqa: E501 - the SDK's name
                select=PRINCIPAL_FIELDS
            )
            item = all_of_them.by_service_principal_id(object_id)
            known = self._wire.read(
                _get(item, query),
                bodies.SERVICE_PRINCIPAL.of(object_id),
                needs=DIRECTORY_PERMISSION,
            )
            return _at_most_one(await or_none(known))
        name, value = _only(appId=app_id, displayName=display_name)
        listing = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
            filter=_equals(name, value), select=PRINCIPAL_FIELDS
        )
        parse = bodies.having(name, value, bodies.SERVICE_PRINCIPAL)
        return await self._wire.listed(
            _get(all_of_them, listing), parse, needs=DIRECTORY_PERMISSION
        )

    async def users(
        self, *, object_id: str = "", upn: str = "", mail: str = "", employee_id: str = ""
    ) -> Sequence[Json]:
        if object_id:
            known = self._wire.read(
                self._user(object_id, FOUND_USER_FIELDS),
                bodies.FOUND_USER.of(object_id),
                needs=DIRECTORY_PERMISSION,
            )
            return _at_most_one(await or_none(known))
        # A guest's UPN contains a `#`, which a path cannot carry.
        name, value = _only(userPrincipalName=upn, mail=mail, employeeId=employee_id)
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter=_equals(name, value), select=[*FOUND_USER_FIELDS, name]
        )
        parse = bodies.having(name, value, bodies.FOUND_USER)
        return await self._wire.listed(
            _get(self._client.users, query), parse, needs=DIRECTORY_PERMISSION
        )

    async def user(self, user: str) -> User | None:
        parse = partial(bodies.user, user)
        request = self._user(user, USER_FIELDS)
        return await or_none(self._wire.read(request, parse, needs=DIRECTORY_PERMISSION))

    async def group(self, group: str) -> Json | None:
        query = GroupItemRequestBuilder.GroupItemRequestBuilderGetQueryParameters(
            select=GROUP_FIELDS
        )
        request = _get(self._client.groups.by_group_id(group), query)
        return await or_none(self._wire.read(request, bodies.group(group), needs=GROUPS_PERMISSION))

    async def groups_named(self, display_name: str) -> Sequence[Json]:
        query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
            filter=_equals("displayName", display_name), select=GROUP_FIELDS
        )
        parse = bodies.having("displayName", display_name, bodies.GROUP)
        return await self._wire.listed(
            _get(self._client.groups, query), parse, needs=GROUPS_PERMISSION
        )

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        query = MembersRequestBuilder.MembersRequestBuilderGetQueryParameters(
            select=["id"], top=MAX_PAGE_SIZE
        )
        request = _get(self._client.groups.by_group_id(group).members, query)
        found = await self._wire.listed(
            request,
            bodies.readable_member,
            needs=GROUPS_PERMISSION,
            enough=lambda read: enough is not None and _users(read) >= enough,
        )
        return Members(
            [one for one in found if isinstance(one, Member)],
            [one for one in found if isinstance(one, UnreadMember)],
        )

    async def transitive_user_count(self, group: str) -> int:
        counted = self._client.groups.by_group_id(group).transitive_members.graph_user.count
        return await self._wire.count(counted.to_get_request_information(), needs=GROUPS_PERMISSION)

    async def assignments(self, service_principal: str) -> Assignments:
        principal = self._client.service_principals.by_service_principal_id(service_principal)
        builder = assigned_to.AppRoleAssignedToRequestBuilder
        query = builder.AppRoleAssignedToRequestBuilderGetQueryParameters(top=MAX_PAGE_SIZE)
        request = _get(principal.app_role_assigned_to, query)
        found = await self._wire.listed(
            request, bodies.readable_assignment, needs=DIRECTORY_PERMISSION
        )
        return Assignments(
            [one for one in found if isinstance(one, Assignment)],
            [one for one in found if isinstance(one, UnreadMember)],
        )

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        query = AppRoleAssignmentsRequestBuilder.AppRoleAssignmentsRequestBuilderGetQueryParameters(
            filter=f"resourceId eq {service_principal}"
        )
        request = _get(self._client.users.by_user_id(user).app_role_assignments, query)
        reading = self._wire.listed(request, bodies.ASSIGNED.read, needs=DIRECTORY_PERMISSION)
        listed = await or_none(reading)
        if listed is None:
            return None
        wanted = service_principal.casefold()
        here = [a for a in listed if (a.get("resourceId") or wanted).casefold() == wanted]
        return [a["principalId"].lower() for a in here]

    async def assigned_to(self, user: str) -> Mapping[str, Sequence[str]] | None:
        builder = self._client.users.by_user_id(user).app_role_assignments
        request = builder.to_get_request_information()
        reading = self._wire.listed(request, bodies.ASSIGNED_TO.read, needs=DIRECTORY_PERMISSION)
        listed = await or_none(reading)
        if listed is None:
            return None
        found: dict[str, list[str]] = defaultdict(list)
        for one in listed:
            found[one["resourceId"].lower()].append(one["principalId"].lower())
        return found

    def _user(self, user: str, select: list[str]) -> RequestInformation:
        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=select)
        return _get(self._client.users.by_user_id(user), query)


def _users(read: Iterable[Member | UnreadMember]) -> int:
    return len({one.id for one in read if isinstance(one, Member) and one.counts_for_brake})


def _at_most_one(found: Json | None) -> Sequence[Json]:
    return [] if found is None else [found]


def _get(builder: Any, query: object) -> RequestInformation:
    """Builds a GET from any of the SDK's builders; they share no type with this method."""
    request: RequestInformation = builder.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    return request


def _only(**wanted: str) -> tuple[str, str]:
    """Returns name and value of the one property that has a value."""
    [only] = [(name, value) for name, value in wanted.items() if value]
    return only


def _equals(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{name} eq '{quoted}'"

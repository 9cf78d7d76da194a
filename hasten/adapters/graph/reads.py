"""What is there: enterprise applications, people, groups and who is assigned."""

from collections.abc import Sequence
from datetime import datetime
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

from hasten.adapters.graph.membership import as_member
from hasten.adapters.graph.wire import Wire, or_none
from hasten.json import Json
from hasten.ports.directory import Assignment, Member

DIRECTORY = "Directory.Read.All"
GROUPS = "Group.Read.All"

PRINCIPAL_FIELDS = ["id", "appId", "displayName", "appRoles"]
USER_FIELDS = ["id", "accountEnabled"]
GROUP_FIELDS = [
    "id",
    "displayName",
    "mailNickname",
    "mailEnabled",
    "securityEnabled",
    "isAssignableToRole",
    "groupTypes",
    "membershipRule",
]
LARGEST_PAGE = 999


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
            return await self._at_most_one(_get(item, query), needs=DIRECTORY)
        wanted = _equals(appId=app_id, displayName=display_name)
        listing = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
            filter=wanted, select=PRINCIPAL_FIELDS
        )
        return await self._wire.listed(_get(all_of_them, listing), needs=DIRECTORY)

    async def users(
        self, *, object_id: str = "", upn: str = "", mail: str = "", employee_id: str = ""
    ) -> Sequence[Json]:
        if object_id:
            return await self._at_most_one(self._user(object_id), needs=DIRECTORY)
        # A guest's UPN has a `#`, which a path cannot carry.
        wanted = _equals(userPrincipalName=upn, mail=mail, employeeId=employee_id)
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter=wanted, select=USER_FIELDS
        )
        return await self._wire.listed(_get(self._client.users, query), needs=DIRECTORY)

    async def is_enabled(self, user: str) -> bool | None:
        found = await or_none(self._wire.read(self._user(user), needs=DIRECTORY))
        return None if found is None else bool(found["accountEnabled"])

    async def group(self, group: str) -> Json | None:
        query = GroupItemRequestBuilder.GroupItemRequestBuilderGetQueryParameters(
            select=GROUP_FIELDS
        )
        request = _get(self._client.groups.by_group_id(group), query)
        return await or_none(self._wire.read(request, needs=GROUPS))

    async def groups_named(self, display_name: str) -> Sequence[Json]:
        query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
            filter=_equals(displayName=display_name), select=GROUP_FIELDS
        )
        return await self._wire.listed(_get(self._client.groups, query), needs=GROUPS)

    async def members(self, group: str) -> Sequence[Member]:
        query = MembersRequestBuilder.MembersRequestBuilderGetQueryParameters(
            select=["id"], top=LARGEST_PAGE
        )
        request = _get(self._client.groups.by_group_id(group).members, query)
        return [as_member(listed) for listed in await self._wire.listed(request, needs=GROUPS)]

    async def member_count(self, group: str) -> int:
        counted = self._client.groups.by_group_id(group).members.count
        return await self._wire.count(counted.to_get_request_information(), needs=GROUPS)

    async def transitive_user_count(self, group: str) -> int:
        counted = self._client.groups.by_group_id(group).transitive_members.graph_user.count
        return await self._wire.count(counted.to_get_request_information(), needs=GROUPS)

    async def assignments(self, service_principal: str) -> Sequence[Assignment]:
        principal = self._client.service_principals.by_service_principal_id(service_principal)
        builder = assigned_to.AppRoleAssignedToRequestBuilder
        query = builder.AppRoleAssignedToRequestBuilderGetQueryParameters(top=LARGEST_PAGE)
        request = _get(principal.app_role_assigned_to, query)
        return [_assignment(a) for a in await self._wire.listed(request, needs=DIRECTORY)]

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        query = AppRoleAssignmentsRequestBuilder.AppRoleAssignmentsRequestBuilderGetQueryParameters(
            filter=f"resourceId eq {service_principal}"
        )
        request = _get(self._client.users.by_user_id(user).app_role_assignments, query)
        listed = await or_none(self._wire.listed(request, needs=DIRECTORY))
        return None if listed is None else [str(a["principalId"]).lower() for a in listed]

    def _user(self, user: str) -> RequestInformation:
        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=USER_FIELDS)
        return _get(self._client.users.by_user_id(user), query)

    async def _at_most_one(self, request: RequestInformation, *, needs: str) -> Sequence[Json]:
        found = await or_none(self._wire.read(request, needs=needs))
        return [] if found is None else [found]


def _get(builder: Any, query: object) -> RequestInformation:
    """`builder` is any of the SDK's that can GET; they share no type that says so."""
    request: RequestInformation = builder.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    return request


def _equals(**wanted: str) -> str:
    """A filter for the one property that has a value."""
    [(name, value)] = [(name, value) for name, value in wanted.items() if value]
    quoted = value.replace("'", "''")
    return f"{name} eq '{quoted}'"


def _assignment(listed: Json) -> Assignment:
    created = listed.get("createdDateTime")
    return Assignment(
        id=str(listed["id"]),
        principal=str(listed["principalId"]).lower(),
        kind=str(listed["principalType"]),
        role=str(listed["appRoleId"]).lower(),
        created=None if created is None else datetime.fromisoformat(created),
    )

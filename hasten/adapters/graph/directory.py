"""The Directory port on Microsoft Graph v1.0."""

from collections.abc import Sequence
from datetime import datetime

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.models.subscription import Subscription
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

from hasten.adapters.graph import membership, on_demand
from hasten.adapters.graph.client import graph_client
from hasten.adapters.graph.wire import Wire, checked, or_none
from hasten.domain.verdicts import Answer
from hasten.ports.directory import MembershipDelta
from hasten.ports.store import Json

APPLICATIONS = "Application.Read.All"
SYNCHRONIZATION = "Synchronization.ReadWrite.All"
USERS = "User.Read.All"
GROUPS = "Group.Read.All"


class GraphDirectory:
    """Owns `transport`, which holds the connections; the credential is shared and stays open."""

    def __init__(
        self, base_url: str, credential: AsyncTokenCredential, transport: httpx.AsyncBaseTransport
    ) -> None:
        self._transport = transport
        self._client = graph_client(base_url, credential, transport)
        self._wire = Wire(self._client.request_adapter)

    async def service_principals(
        self, *, object_id: str = "", app_id: str = "", display_name: str = ""
    ) -> Sequence[Json]:
        if object_id:
            item = self._client.service_principals.by_service_principal_id(object_id)
            found = await or_none(
                self._wire.read(item.to_get_request_information(), needs=APPLICATIONS)
            )
            return [] if found is None else [found]
        name = display_name.replace("'", "''")
        wanted = f"appId eq '{app_id}'" if app_id else f"displayName eq '{name}'"
        query = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
            filter=wanted, select=["id", "appId", "displayName"]
        )
        request = self._client.service_principals.to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )
        return await self._wire.listed(request, needs=APPLICATIONS)

    async def jobs(self, service_principal: str) -> Sequence[Json]:
        jobs = self._principal(service_principal).synchronization.jobs
        return await self._wire.listed(jobs.to_get_request_information(), needs=SYNCHRONIZATION)

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]:
        jobs = self._principal(service_principal).synchronization.jobs
        request = jobs.by_synchronization_job_id(job).schema.to_get_request_information()
        schema = await self._wire.read(request, needs=SYNCHRONIZATION)
        return list(schema.get("synchronizationRules", ()))

    async def assigned_groups(self, service_principal: str) -> Sequence[str]:
        assigned = self._principal(service_principal).app_role_assigned_to
        listed = await self._wire.listed(assigned.to_get_request_information(), needs=APPLICATIONS)
        groups = {str(a["principalId"]).lower() for a in listed if a["principalType"] == "Group"}
        return sorted(groups)

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        query = AppRoleAssignmentsRequestBuilder.AppRoleAssignmentsRequestBuilderGetQueryParameters(
            filter=f"resourceId eq {service_principal}"
        )
        request = self._client.users.by_user_id(user).app_role_assignments
        info = request.to_get_request_information(RequestConfiguration(query_parameters=query))
        listed = await or_none(self._wire.listed(info, needs=USERS))
        return None if listed is None else [str(a["principalId"]).lower() for a in listed]

    async def is_enabled(self, user: str) -> bool | None:
        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
            select=["id", "accountEnabled"]
        )
        request = self._client.users.by_user_id(user).to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )
        found = await or_none(self._wire.read(request, needs=USERS))
        return None if found is None else bool(found["accountEnabled"])

    async def membership_start(self, group: str) -> str:
        return await membership.start(self._client, self._wire, group)

    async def membership_delta(self, link: str) -> MembershipDelta:
        return await membership.since(self._wire, link)

    async def provision_on_demand(
        self,
        service_principal: str,
        job: str,
        rule: str,
        *,
        group: str | None,
        users: Sequence[str],
    ) -> Answer:
        return await on_demand.provision(
            self._client, self._wire, service_principal, job, rule, group=group, users=users
        )

    async def subscriptions(self) -> Sequence[Json]:
        request = self._client.subscriptions.to_get_request_information()
        return await self._wire.listed(request, needs=GROUPS)

    async def subscribe(
        self, *, resource: str, url: str, client_state: str, expires: datetime
    ) -> Json:
        """Not retried: Graph may have made it although no answer came, and lists it later."""
        wanted = Subscription(
            resource=resource,
            change_type="updated",
            notification_url=url,
            client_state=client_state,
            expiration_date_time=expires,
            latest_supported_tls_version="v1_2",
        )
        request = self._client.subscriptions.to_post_request_information(wanted)
        return checked(await self._wire.send(request), needs=GROUPS)

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        item = self._client.subscriptions.by_subscription_id(subscription)
        request = item.to_patch_request_information(Subscription(expiration_date_time=expires))
        return await or_none(self._wire.read(request, needs=GROUPS))

    async def unsubscribe(self, subscription: str) -> None:
        item = self._client.subscriptions.by_subscription_id(subscription)
        await or_none(self._wire.read(item.to_delete_request_information(), needs=GROUPS))

    async def close(self) -> None:
        await self._transport.aclose()

    def _principal(self, service_principal: str) -> ServicePrincipalItemRequestBuilder:
        return self._client.service_principals.by_service_principal_id(service_principal)

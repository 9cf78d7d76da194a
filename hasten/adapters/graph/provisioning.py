"""Reads synchronization jobs and rules of an enterprise application, and the provisioning log."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.audit_logs.provisioning.provisioning_request_builder import (
    ProvisioningRequestBuilder,
)
from msgraph.generated.service_principals.item.synchronization.jobs.item.synchronization_job_item_request_builder import (  # noqa: E501 - the SDK's path
    SynchronizationJobItemRequestBuilder,
)
from msgraph.generated.service_principals.item.synchronization.jobs.jobs_request_builder import (
    JobsRequestBuilder,
)
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies, log_entries, on_demand
from hasten.adapters.graph.wire import Wire, or_none
from hasten.domain.verdicts import Answer
from hasten.json import Json
from hasten.limits import MAX_PAGE_SIZE
from hasten.ports.directory_values import SCOPE_SETTINGS, ProvisioningLog

SYNCHRONIZATION_PERMISSION = "Synchronization.ReadWrite.All"
LOGS_PERMISSION = "AuditLog.Read.All"
ALL_ENUM_MEMBERS = "include-unknown-enum-members"
"""Without this preference Graph shows every member of an enum that is newer than v1.0, such as the
action of a staged removal, as `unknownFutureValue` (Graph, best practices, evolvable enums)."""


class Provisioning:
    def __init__(self, client: GraphServiceClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def jobs(self, service_principal: str) -> Sequence[Json]:
        request = self._jobs(service_principal).to_get_request_information()
        return await self._wire.listed(request, bodies.JOB.read, needs=SYNCHRONIZATION_PERMISSION)

    async def job(self, service_principal: str, job: str) -> Json | None:
        request = self._job(service_principal, job).to_get_request_information()
        reading = self._wire.read(request, bodies.JOB.of(job), needs=SYNCHRONIZATION_PERMISSION)
        return await or_none(reading)

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]:
        request = self._job(service_principal, job).schema.to_get_request_information()
        schema = await self._wire.read(
            request, bodies.SYNCHRONIZATION_SCHEMA.read, needs=SYNCHRONIZATION_PERMISSION
        )
        return list(schema["synchronizationRules"])

    async def scope_settings(self, service_principal: str) -> Mapping[str, str]:
        """The SDK has no builder for this read. The answer includes credentials, which are dropped
        here."""
        principal = self._client.service_principals.by_service_principal_id(service_principal)
        secrets = principal.synchronization.secrets
        request = RequestInformation(Method.GET, secrets.url_template, secrets.path_parameters)
        request.headers.try_add("Accept", "application/json")
        listed = await self._wire.listed(
            request, bodies.SECRET.read, needs=SYNCHRONIZATION_PERMISSION
        )
        return {
            one["key"]: one.get("value") or "" for one in listed if one["key"] in SCOPE_SETTINGS
        }

    async def pause_job(self, service_principal: str, job: str) -> None:
        request = self._job(service_principal, job).pause.to_post_request_information()
        await self._wire.write(request, needs=SYNCHRONIZATION_PERMISSION)

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

    async def provisioning_log(
        self, job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        after = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        quoted = job.replace("'", "''")
        query = ProvisioningRequestBuilder.ProvisioningRequestBuilderGetQueryParameters(
            filter=f"jobId eq '{quoted}' and activityDateTime gt {after}", top=MAX_PAGE_SIZE
        )
        request = self._client.audit_logs.provisioning.to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )
        listed = await self._wire.listed(
            request,
            partial(log_entries.entry_of, job, subjects),
            needs=LOGS_PERMISSION,
            turn=self._wire.reports.turn,
            prefer=ALL_ENUM_MEMBERS,
        )
        return log_entries.log_of(listed)

    def _jobs(self, service_principal: str) -> JobsRequestBuilder:
        principal = self._client.service_principals.by_service_principal_id(service_principal)
        return principal.synchronization.jobs

    def _job(self, service_principal: str, job: str) -> SynchronizationJobItemRequestBuilder:
        return self._jobs(service_principal).by_synchronization_job_id(job)

"""The unmodified SDKs as clients: they decide paths, parameters, tokens and bodies."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from azure.identity.aio import ManagedIdentityCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.synchronization_job_application_parameters import (
    SynchronizationJobApplicationParameters,
)
from msgraph.generated.models.synchronization_job_subject import SynchronizationJobSubject
from msgraph.generated.models.synchronization_linked_objects import SynchronizationLinkedObjects
from msgraph.generated.service_principals.item.synchronization.jobs.item.provision_on_demand.provision_on_demand_post_request_body import (  # noqa: E501 - the SDK's own name
    ProvisionOnDemandPostRequestBody,
)

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, TOTAL_ROLE, object_id


@pytest.fixture
async def client(graph: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GraphServiceClient]:
    monkeypatch.setenv("IDENTITY_ENDPOINT", graph.server.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", graph.server.identity_header)
    async with (
        ManagedIdentityCredential() as credential,
        httpx.AsyncClient(verify=trusted()) as http,
    ):
        provider = AzureIdentityAuthenticationProvider(
            credential,
            scopes=["https://graph.microsoft.com/.default"],
            allowed_hosts=["127.0.0.1"],
        )
        adapter = GraphRequestAdapter(provider, client=http)
        adapter.base_url = f"{graph.server.url}/v1.0"
        yield GraphServiceClient(request_adapter=adapter)


async def test_the_sdk_reads_a_delta(client: GraphServiceClient) -> None:
    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        filter=f"id eq '{TOTAL_ENGINEERING}'", select=["id", "members"]
    )

    page = await client.groups.delta.get(RequestConfiguration(query_parameters=query))
    assert page is not None
    pages = [page]
    while page.odata_next_link is not None:
        page = await client.groups.delta.with_url(page.odata_next_link).get()
        assert page is not None
        pages.append(page)

    assert page.odata_delta_link is not None
    groups = [group for page in pages for group in page.value or ()]
    members = [member for group in groups for member in group.additional_data["members@delta"]]
    assert len(pages) > 1
    assert len({member["id"] for member in members}) == 200


async def test_the_sdk_provisions_a_joiner(
    client: GraphServiceClient, graph: Any, joiner: str
) -> None:
    await graph.join(joiner)
    target = client.service_principals.by_service_principal_id(TOTAL)
    jobs = await target.synchronization.jobs.get()
    assert jobs is not None
    assert jobs.value is not None
    job = target.synchronization.jobs.by_synchronization_job_id(str(jobs.value[0].id))
    schema = await job.schema.get()
    assert schema is not None
    assert schema.synchronization_rules is not None

    member = SynchronizationJobSubject(object_id=joiner, object_type_name="User")
    subject = SynchronizationJobSubject(
        object_id=TOTAL_ENGINEERING,
        object_type_name="Group",
        links=SynchronizationLinkedObjects(members=[member]),
    )
    answer = await job.provision_on_demand.post(
        ProvisionOnDemandPostRequestBody(
            parameters=[
                SynchronizationJobApplicationParameters(
                    rule_id=schema.synchronization_rules[0].id, subjects=[subject]
                )
            ]
        )
    )

    assert answer is not None
    assert json.loads(str(answer.key))["result"] == "Success"
    assert await graph.account(joiner) is not None


async def test_the_sdk_makes_a_group_fills_it_and_assigns_it(
    client: GraphServiceClient, graph: Any, joiner: str
) -> None:
    other = object_id("user/291")
    group = await client.groups.post(
        Group(
            display_name="TOTAL-Analyst",
            mail_nickname="analyst",
            mail_enabled=False,
            security_enabled=True,
            additional_data={"members@odata.bind": _bound(joiner)},
        )
    )
    assert group is not None
    made = client.groups.by_group_id(str(group.id))
    await made.patch(Group(additional_data={"members@odata.bind": _bound(other)}))
    assigned = await client.service_principals.by_service_principal_id(
        TOTAL
    ).app_role_assigned_to.post(
        AppRoleAssignment(
            principal_id=UUID(str(group.id)), resource_id=UUID(TOTAL), app_role_id=UUID(TOTAL_ROLE)
        )
    )
    await made.members.by_directory_object_id(joiner).ref.delete()

    left = await made.members.get()
    assert assigned is not None
    assert assigned.created_date_time is not None
    assert left is not None
    assert [member.id for member in left.value or ()] == [other]
    with pytest.raises(ODataError) as refused:
        await made.members.by_directory_object_id(joiner).ref.delete()
    assert refused.value.response_status_code == 404


async def test_the_sdk_counts_the_users_of_nested_groups(
    client: GraphServiceClient, graph: Any
) -> None:
    eventual: RequestConfiguration[Any] = RequestConfiguration()
    eventual.headers.add("ConsistencyLevel", "eventual")
    members = client.groups.by_group_id(TOTAL_ENGINEERING).transitive_members

    assert await members.graph_user.count.get(eventual) == 200


async def test_the_sdk_reads_the_provisioning_log(
    client: GraphServiceClient, graph: Any, joiner: str
) -> None:
    await graph.join(joiner)
    await graph.provision(joiner)

    page = await client.audit_logs.provisioning.get()

    assert page is not None
    told = [entry.source_identity.id for entry in page.value or () if entry.source_identity]
    assert told == [TOTAL_ENGINEERING, joiner]


async def test_the_sdk_raises_for_a_missing_permission(
    client: GraphServiceClient, graph: Any
) -> None:
    await graph.post("/emulator/permissions", {"roles": []})

    with pytest.raises(ODataError) as refused:
        await client.groups.by_group_id(TOTAL_ENGINEERING).get()

    assert refused.value.error is not None
    assert refused.value.error.code == "Authorization_RequestDenied"


def _bound(user: str) -> list[str]:
    return [f"https://graph.microsoft.com/v1.0/directoryObjects/{user}"]

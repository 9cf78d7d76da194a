"""The unmodified SDKs as clients: they decide paths, parameters, tokens and bodies."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from azure.identity.aio import ManagedIdentityCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.models.synchronization_job_application_parameters import (
    SynchronizationJobApplicationParameters,
)
from msgraph.generated.models.synchronization_job_subject import SynchronizationJobSubject
from msgraph.generated.models.synchronization_linked_objects import SynchronizationLinkedObjects
from msgraph.generated.service_principals.item.synchronization.jobs.item.provision_on_demand.provision_on_demand_post_request_body import (  # noqa: E501 - the SDK's own name
    ProvisionOnDemandPostRequestBody,
)

from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING


@pytest.fixture
async def client(graph: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GraphServiceClient]:
    monkeypatch.setenv("IDENTITY_ENDPOINT", graph.server.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", graph.server.identity_header)
    async with ManagedIdentityCredential() as credential, httpx.AsyncClient() as http:
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

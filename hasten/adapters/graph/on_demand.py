"""Sends provisioning-on-demand requests and returns their answers unchanged."""

from collections.abc import Sequence

from msgraph.generated.models.synchronization_job_application_parameters import (
    SynchronizationJobApplicationParameters,
)
from msgraph.generated.models.synchronization_job_subject import SynchronizationJobSubject
from msgraph.generated.models.synchronization_linked_objects import SynchronizationLinkedObjects
from msgraph.generated.service_principals.item.synchronization.jobs.item.provision_on_demand import (  # noqa: E501 - the SDK's path
    provision_on_demand_post_request_body,
)
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph.wire import Wire
from hasten.adapters.retry_after import retry_after
from hasten.domain.verdicts import Answer

Body = provision_on_demand_post_request_body.ProvisionOnDemandPostRequestBody


async def provision(
    client: GraphServiceClient,
    wire: Wire,
    service_principal: str,
    job: str,
    rule: str,
    *,
    group: str | None,
    users: Sequence[str],
) -> Answer:
    """Provisions a group with the members named, or one user."""
    jobs = client.service_principals.by_service_principal_id(service_principal).synchronization.jobs
    on_demand = jobs.by_synchronization_job_id(job).provision_on_demand
    named = [_subject(user, "User") for user in users]
    subjects = named if group is None else [_group(group, named)]
    parameters = SynchronizationJobApplicationParameters(rule_id=rule, subjects=subjects)
    request = on_demand.to_post_request_information(Body(parameters=[parameters]))
    response = await wire.send(request)
    return Answer(response.status_code, response.content, retry_after(response))


def _group(group: str, members: Sequence[SynchronizationJobSubject]) -> SynchronizationJobSubject:
    subject = _subject(group, "Group")
    subject.links = SynchronizationLinkedObjects(members=list(members))
    return subject


def _subject(object_id: str, kind: str) -> SynchronizationJobSubject:
    return SynchronizationJobSubject(object_id=object_id, object_type_name=kind)

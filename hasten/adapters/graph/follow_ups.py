"""Ends sign-in sessions, and answers the tasks of Lifecycle Workflows."""

from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph.refusals import classified
from hasten.adapters.graph.wire import Wire

SESSIONS_PERMISSION = "User.RevokeSessions.All"
WORKFLOWS = "nothing, if the custom task extension names Hasten's identity as the responder"


class FollowUps:
    def __init__(self, client: GraphServiceClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def revoke_sessions(self, user: str) -> None:
        """May be sent twice: it sets a time before which tokens count no more."""
        sessions = self._client.users.by_user_id(user).revoke_sign_in_sessions
        request = sessions.to_post_request_information()
        with classified():
            await self._wire.write(request, needs=SESSIONS_PERMISSION)

    async def resume_task(self, path: str, *, completed: bool) -> None:
        """`path` has been checked to be a callback of a task."""
        # Imported here because hardly any process needs them.
        from msgraph.generated.identity_governance.lifecycle_workflows.workflows.item.tasks.item.task_processing_results.item.microsoft_graph_identity_governance_resume.resume_post_request_body import (  # noqa: E501, PLC0415
            ResumePostRequestBody,
        )
        from msgraph.generated.models.identity_governance.custom_task_extension_callback_data import (  # noqa: E501, PLC0415
            CustomTaskExtensionCallbackData,
        )
        from msgraph.generated.models.identity_governance.custom_task_extension_operation_status import (  # noqa: E501, PLC0415
            CustomTaskExtensionOperationStatus,
        )

        status = CustomTaskExtensionOperationStatus
        answer = CustomTaskExtensionCallbackData(
            operation_status=status.Completed if completed else status.Failed
        )
        workflows = self._client.identity_governance.lifecycle_workflows.workflows
        _, _, _, _, workflow, _, task, _, result, _ = path.split("/")
        results = workflows.by_workflow_id(workflow).tasks.by_task_id(task).task_processing_results
        resume = results.by_task_processing_result_id(result)
        request = resume.microsoft_graph_identity_governance_resume.to_post_request_information(
            ResumePostRequestBody(source="Hasten", type="lifecycleEvent", data=answer)
        )
        request.url = f"{self._client.request_adapter.base_url}{path}"
        with classified():
            await self._wire.write(request, needs=WORKFLOWS)

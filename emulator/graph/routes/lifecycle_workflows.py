"""Implements the callback of Lifecycle Workflows, and the levers by which a test starts a task."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.entra.lifecycle_workflows import ROOT
from emulator.graph.envelope import graph_json
from emulator.graph.errors import bad_request, not_found
from emulator.graph.routes.table import body, done, routes
from emulator.graph.tenant import Tenant

LEVER = "/emulator/lifecycle-workflows"


def lifecycle_workflow_routes(tenant: Tenant) -> list[Route]:
    path = ROOT + "/{workflow}/tasks/{task}/taskProcessingResults/{id}/resume"
    levers = [("POST", LEVER, launch), ("GET", LEVER, listed)]
    return [*routes(tenant, [("POST", path, resume)]), *routes(tenant, levers, root="")]


async def resume(tenant: Tenant, request: Request) -> Response:
    given: dict[str, Any] = request.path_params
    path = f"{ROOT}/{given['workflow']}/tasks/{given['task']}/taskProcessingResults/{given['id']}"
    refused = tenant.lifecycle_workflows.resume(f"{path}/resume", await body(request))
    if refused == "gone":
        raise not_found(given["id"])
    if refused:
        raise bad_request("The body is no customTaskExtensionCallbackData.")
    return done()


async def launch(tenant: Tenant, request: Request) -> Response:
    """Starts the task for `userId` and returns the request that its Logic App gets. The task waits
    `seconds` for a callback unless `waits` is false."""
    asked = await body(request)
    user = tenant.directory.user(str(asked.get("userId")))
    if user is None:
        raise not_found(str(asked.get("userId")))
    seconds = float(asked.get("seconds", 3600))
    return graph_json(
        tenant.lifecycle_workflows.launch(
            {"id": user.id, **user.properties},
            seconds=seconds,
            waits=bool(asked.get("waits", True)),
        )
    )


async def listed(tenant: Tenant, _: Request) -> Response:
    workflows = tenant.lifecycle_workflows
    now = workflows.clock()
    return graph_json(
        [
            {"id": t.id, "user": t.user, "state": t.state(now), "answers": t.answers}
            for t in workflows.tasks.values()
        ]
    )

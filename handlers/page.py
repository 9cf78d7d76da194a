"""The pages. They are anonymous for Azure Functions: whatever stands before it, the app itself
checks the session of each request (hasten/api/door.py)."""

import azure.functions as func

from handlers.serving import serve
from hasten.adapters.telemetry import continued

blueprint = func.Blueprint()


@blueprint.function_name("page")
@blueprint.route(
    trigger_arg_name="request",
    route="ui/{*path}",
    methods=["GET", "POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def page(request: func.HttpRequest) -> func.HttpResponse:
    with continued("page"):
        return await serve("page", request, lambda app: app.page)

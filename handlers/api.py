"""The HTTP API. It is anonymous for Azure Functions: whatever stands before it, the app itself
checks the token of each request (hasten/api/door.py)."""

import azure.functions as func

from handlers.serving import serve
from hasten.adapters.telemetry import continued

blueprint = func.Blueprint()


@blueprint.function_name("api")
@blueprint.route(
    trigger_arg_name="request",
    route="v1/{*path}",
    methods=["GET", "POST", "DELETE", "OPTIONS"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def api(request: func.HttpRequest) -> func.HttpResponse:
    with continued("api"):
        return await serve("api", request, lambda app: app.api)

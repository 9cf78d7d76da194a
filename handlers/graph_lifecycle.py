"""The webhook for Microsoft Graph's lifecycle notifications, for example that a subscription needs
reauthorization."""

from http import HTTPStatus

import azure.functions as func

from handlers.graph_notifications import handshake
from handlers.opening import opened
from hasten.adapters.telemetry import continued
from hasten.errors import PermanentError

blueprint = func.Blueprint()


@blueprint.function_name("graph_lifecycle")
@blueprint.route(
    trigger_arg_name="request",
    route="graph/lifecycle",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def graph_lifecycle(request: func.HttpRequest) -> func.HttpResponse:
    """Receives lifecycle notifications. It is anonymous, and answers 503, for the same reasons as
    `graph_notifications`."""
    token = request.params.get("validationToken")
    if token is not None:
        return handshake(token)
    with continued("graph_lifecycle"):
        try:
            app = opened("graph_lifecycle")
        except PermanentError:
            return func.HttpResponse(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        status = await app.receiving.receive_lifecycle(request.get_body())
    return func.HttpResponse(status_code=status)

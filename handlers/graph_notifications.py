"""The webhook for Microsoft Graph: answers the validation handshake and receives change
notifications."""

from http import HTTPStatus

import azure.functions as func

from handlers.opening import opened
from hasten.adapters.telemetry import continued
from hasten.errors import PermanentError
from hasten.limits import MAX_VALIDATION_TOKEN

blueprint = func.Blueprint()

NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}
"""Stops browsers from treating the handshake's answer as HTML, because it echoes what the caller
sent."""


@blueprint.function_name("graph_notifications")
@blueprint.route(
    trigger_arg_name="request",
    route="graph/notifications",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def graph_notifications(request: func.HttpRequest) -> func.HttpResponse:
    """Receives change notifications. It is anonymous because Graph signs nothing: clientState
    proves the sender (watch/webhook).

    Answers 503 while a setting is wrong, so that Graph sends the notifications again.
    """
    token = request.params.get("validationToken")
    if token is not None:
        return handshake(token)
    with continued("graph_notifications"):
        try:
            app = opened("graph_notifications")
        except PermanentError:
            return func.HttpResponse(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        status = await app.receiving.receive(request.get_body())
    return func.HttpResponse(status_code=status)


def handshake(token: str) -> func.HttpResponse:
    """Answers with the decoded token. Azure Functions decodes the parameters."""
    if not token or len(token) > MAX_VALIDATION_TOKEN:
        return func.HttpResponse(status_code=400)
    return func.HttpResponse(token, mimetype="text/plain", headers=NO_SNIFFING)

"""Handles directory changes. Each message names a group that may have changed, or a lifecycle event
of a subscription."""

import azure.functions as func

from handlers.opening import opened_for_message
from handlers.receiving import received
from hasten.adapters.telemetry import continued
from hasten.ports.bus import DIRECTORY_CHANGES

blueprint = func.Blueprint()


@blueprint.function_name("directory_changes")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=DIRECTORY_CHANGES, connection="ServiceBusConnection"
)
async def directory_changes(message: func.ServiceBusMessage) -> None:
    with continued("directory_changes", message.application_properties):
        app = await opened_for_message("directory_changes")
        await app.receive(received(DIRECTORY_CHANGES, message))

"""Handles directory changes. Each message names a group that may have changed, or a lifecycle event
of a subscription."""

import json

import azure.functions as func

from handlers.opening import opened_for_message
from hasten.adapters.telemetry import continued
from hasten.messages import directory_change
from hasten.ports.bus import DIRECTORY_CHANGES

blueprint = func.Blueprint()


@blueprint.function_name("directory_changes")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=DIRECTORY_CHANGES, connection="ServiceBusConnection"
)
async def directory_changes(message: func.ServiceBusMessage) -> None:
    wanted = directory_change(json.loads(message.get_body()))
    with continued("directory_changes", message.application_properties):
        app = await opened_for_message("directory_changes")
        await app.handle(wanted)

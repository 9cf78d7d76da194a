"""Handles targets with open intents or a changed admin group. Each message names one target, and a
lease lets one worker work for it at a time."""

import azure.functions as func

from handlers.opening import opened_for_message
from handlers.receiving import received
from hasten.adapters.telemetry import continued
from hasten.ports.bus import ENSURE

blueprint = func.Blueprint()


@blueprint.function_name("ensure")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=ENSURE, connection="ServiceBusConnection"
)
async def ensure(message: func.ServiceBusMessage) -> None:
    with continued("ensure", message.application_properties):
        app = await opened_for_message("ensure")
        await app.receive(received(ENSURE, message))

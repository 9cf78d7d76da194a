"""Handles wakes. Each message names a target with open changes, and a lease lets one drain run at
a time."""

import azure.functions as func

from handlers.opening import opened_for_message
from handlers.receiving import received
from hasten.adapters.telemetry import continued
from hasten.ports.bus import PROVISIONING

blueprint = func.Blueprint()


@blueprint.function_name("provisioning")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=PROVISIONING, connection="ServiceBusConnection"
)
async def provisioning(message: func.ServiceBusMessage) -> None:
    with continued("provisioning", message.application_properties):
        app = await opened_for_message("provisioning")
        await app.receive(received(PROVISIONING, message))

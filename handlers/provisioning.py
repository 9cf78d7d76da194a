"""Handles wakes. Each message names a target with open changes, and a lease lets one drain run at
a time."""

import json

import azure.functions as func

from handlers.opening import opened_for_message
from hasten.adapters.telemetry import continued
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING

blueprint = func.Blueprint()


@blueprint.function_name("provisioning")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=PROVISIONING, connection="ServiceBusConnection"
)
async def provisioning(message: func.ServiceBusMessage) -> None:
    wake = Wake.parse(json.loads(message.get_body()))
    with continued("provisioning", message.application_properties):
        app = await opened_for_message("provisioning")
        await app.handle(wake)

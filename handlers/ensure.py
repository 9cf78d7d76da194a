"""Handles targets with open intents. Each message names one target, and a lease lets one worker
work for it at a time."""

import json

import azure.functions as func

from handlers.opening import opened_for_message
from hasten.adapters.telemetry import continued
from hasten.messages import Ensure
from hasten.ports.bus import ENSURE

blueprint = func.Blueprint()


@blueprint.function_name("ensure")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=ENSURE, connection="ServiceBusConnection"
)
async def ensure(message: func.ServiceBusMessage) -> None:
    wanted = Ensure.parse(json.loads(message.get_body()))
    with continued("ensure", message.application_properties):
        app = await opened_for_message("ensure")
        await app.handle(wanted)

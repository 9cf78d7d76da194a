"""Handles onboarding events. Each message is a CloudEvent that an upstream system posted."""

import azure.functions as func

from handlers.opening import opened_for_message
from handlers.receiving import received
from hasten.adapters.telemetry import continued
from hasten.ports.bus import ONBOARDING_EVENTS

blueprint = func.Blueprint()


@blueprint.function_name("onboarding_events")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=ONBOARDING_EVENTS, connection="ServiceBusConnection"
)
async def onboarding_events(message: func.ServiceBusMessage) -> None:
    with continued("onboarding_events", message.application_properties):
        app = await opened_for_message("onboarding_events")
        await app.receive(received(ONBOARDING_EVENTS, message))

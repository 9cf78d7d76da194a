"""Handles onboarding events. Each message is a CloudEvent that an upstream system posted."""

import azure.functions as func

from handlers.opening import opened_for_message
from hasten.adapters.telemetry import continued
from hasten.ports.bus import ONBOARDING_EVENTS

blueprint = func.Blueprint()


@blueprint.function_name("onboarding_events")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=ONBOARDING_EVENTS, connection="ServiceBusConnection"
)
async def onboarding_events(message: func.ServiceBusMessage) -> None:
    # Imported here: the models of all events are slow to build, and a cold webhook does not need
    # them.
    from hasten.onboard.message import Posted  # noqa: PLC0415

    posted = Posted.parse(
        body=message.get_body(),
        content_type=message.content_type,
        message_id=message.message_id,
        properties=message.application_properties,
    )
    with continued("onboarding_events", message.application_properties):
        app = await opened_for_message("onboarding_events")
        await app.handle(posted)

"""The functions of the four queues. Each hands its message to the app, whatever the message asks
for."""

import azure.functions as func

from handlers.opening import opened_for_message
from hasten.adapters.telemetry import continued
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    PROVISIONING,
    Received,
)

blueprint = func.Blueprint()


@blueprint.function_name("directory_changes")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=DIRECTORY_CHANGES, connection="ServiceBusConnection"
)
async def directory_changes(message: func.ServiceBusMessage) -> None:
    """Each message names a group or people that may have changed, or a lifecycle event of a
    subscription."""
    with continued("directory_changes", message.application_properties):
        app = await opened_for_message("directory_changes")
        await app.receive(received(DIRECTORY_CHANGES, message))


@blueprint.function_name("onboarding_events")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=ONBOARDING_EVENTS, connection="ServiceBusConnection"
)
async def onboarding_events(message: func.ServiceBusMessage) -> None:
    """Each message is a CloudEvent that an upstream system posted."""
    with continued("onboarding_events", message.application_properties):
        app = await opened_for_message("onboarding_events")
        await app.receive(received(ONBOARDING_EVENTS, message))


@blueprint.function_name("ensure")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=ENSURE, connection="ServiceBusConnection"
)
async def ensure(message: func.ServiceBusMessage) -> None:
    """Each message names a target with open intents or a changed admin group. A lease lets one
    worker work for the target at a time."""
    with continued("ensure", message.application_properties):
        app = await opened_for_message("ensure")
        await app.receive(received(ENSURE, message))


@blueprint.function_name("provisioning")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=PROVISIONING, connection="ServiceBusConnection"
)
async def provisioning(message: func.ServiceBusMessage) -> None:
    """Each message names a target with open changes. A lease lets one drain of the target run at a
    time."""
    with continued("provisioning", message.application_properties):
        app = await opened_for_message("provisioning")
        await app.receive(received(PROVISIONING, message))


def received(queue: str, message: func.ServiceBusMessage) -> Received:
    """Converts a message of the Functions host for the app."""
    return Received(
        queue=queue,
        body=message.get_body(),
        content_type=message.content_type or "",
        message_id=message.message_id or "",
        properties=message.application_properties or {},
        deliveries=message.delivery_count or 1,
    )

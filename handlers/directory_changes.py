"""Looks: each message names a group in which something may have changed."""

import json

import azure.functions as func

from hasten.bootstrap import app
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.services.messages import Look

blueprint = func.Blueprint()


@blueprint.function_name("directory_changes")
@blueprint.service_bus_queue_trigger(
    arg_name="message", queue_name=DIRECTORY_CHANGES, connection="ServiceBusConnection"
)
async def directory_changes(message: func.ServiceBusMessage) -> None:
    look = Look.parse(json.loads(message.get_body()))
    await app().retrying.run(app().looking.look, look)

"""Converts a message of the Functions host for the app. Each queue has a handler of its own."""

import azure.functions as func

from hasten.ports.bus import Received


def received(queue: str, message: func.ServiceBusMessage) -> Received:
    return Received(
        queue=queue,
        body=message.get_body(),
        content_type=message.content_type or "",
        message_id=message.message_id or "",
        properties=message.application_properties or {},
        deliveries=message.delivery_count or 1,
    )

"""Service Bus triggers that write down when they run; the body of a message tells how."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp()


def _note(function: str, what: str, message: func.ServiceBusMessage) -> None:
    entry: dict[str, Any] = {
        "function": function,
        "what": what,
        "at": time.time(),
        "id": message.message_id,
        "session": message.session_id,
        "delivery": message.delivery_count,
        "properties": message.application_properties,
    }
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(json.dumps(entry) + "\n")


async def _run(function: str, message: func.ServiceBusMessage) -> None:
    orders = json.loads(message.get_body())
    _note(function, "begins", message)
    try:
        await asyncio.sleep(orders.get("seconds", 0))
    except asyncio.CancelledError:
        _note(function, "is cancelled", message)
        raise
    if message.delivery_count in orders.get("fail_at", []):
        raise ValueError("as the message told me")
    _note(function, "ends", message)


@app.service_bus_queue_trigger(
    arg_name="message", queue_name="%QUEUE%", connection="ServiceBusConnection"
)
async def plain(message: func.ServiceBusMessage) -> None:
    await _run("plain", message)


@app.service_bus_queue_trigger(
    arg_name="message",
    queue_name="sessions",
    connection="ServiceBusConnection",
    is_sessions_enabled=True,
)
async def sessions(message: func.ServiceBusMessage) -> None:
    await _run("sessions", message)


@app.service_bus_topic_trigger(
    arg_name="message",
    topic_name="news",
    subscription_name="reader",
    connection="ServiceBusConnection",
)
def news(message: func.ServiceBusMessage) -> None:
    _note("news", "ends", message)

"""The minimum that any such app does: azure-functions, azure-servicebus, one message sent."""

import asyncio
import os
import sys

import azure.functions as func
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

CONNECTION = "ServiceBusConnection"

app = func.FunctionApp()


@app.function_name("notifications")
@app.route(trigger_arg_name="request", route="notifications", methods=["POST"])
async def notifications(request: func.HttpRequest) -> func.HttpResponse:
    client = ServiceBusClient.from_connection_string(os.environ[CONNECTION])
    async with client, client.get_queue_sender("directory-changes") as sender:
        await sender.send_messages(ServiceBusMessage(request.get_body()))
        os.write(1, b"answered")
    return func.HttpResponse(status_code=202)


if __name__ == "__main__":
    body = sys.stdin.buffer.read()
    app.get_functions()
    asked = func.HttpRequest(method="POST", url="http://localhost/", body=body)
    asyncio.run(notifications(asked))

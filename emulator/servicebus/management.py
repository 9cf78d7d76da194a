"""Implements the $management node of an entity: it maps requests to operations and errors to
statuses."""

from emulator.amqp.errors import NOT_IMPLEMENTED
from emulator.amqp.messages import Message
from emulator.amqp.types import Int, Symbol
from emulator.servicebus.conditions import ARGUMENT_ERROR, status_of, to_amqp
from emulator.servicebus.entries import QueueError
from emulator.servicebus.operations import OPERATIONS, BadRequestError, Target
from emulator.servicebus.requests import Response


def answer(request: Message, target: Target) -> Response:
    name = request.application_properties.get("operation")
    operation = OPERATIONS.get(str(name).removeprefix("com.microsoft:"))
    if operation is None:
        return _failed(501, NOT_IMPLEMENTED, f"no operation {name!r}")
    body = request.value
    if not isinstance(body, dict):
        return _failed(400, ARGUMENT_ERROR, "the body is no map")
    try:
        result = operation(target, body)
    except QueueError as error:
        return _failed(status_of(error), to_amqp(error).condition, str(error))
    except BadRequestError as error:
        return _failed(400, ARGUMENT_ERROR, str(error))
    status = 204 if result is None else 200
    return Response(properties={"statusCode": Int(status), "statusDescription": "OK"}, body=result)


def _failed(status: int, condition: str, description: str) -> Response:
    return Response(
        properties={
            "statusCode": Int(status),
            "statusDescription": description,
            "errorCondition": Symbol(condition),
        }
    )

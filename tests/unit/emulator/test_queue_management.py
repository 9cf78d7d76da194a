"""Requests to $management that the SDK does not make, and the statuses of those that fail."""

import uuid
from typing import Any

import pytest

from emulator.amqp.messages import Message, value_body
from emulator.amqp.types import Array, Timestamp, UInt
from emulator.servicebus.entities import Entities, QueueSettings, TopicSettings
from emulator.servicebus.management import answer
from emulator.servicebus.namespace import Namespace
from emulator.servicebus.operations import Target


def ask(path: str, operation: str, body: Any) -> tuple[int, str | None]:
    """The status and the condition of the answer."""
    namespace = Namespace(
        Entities(
            queues=(QueueSettings(name="q"), QueueSettings(name="s", requires_session=True)),
            topics=(TopicSettings(name="t", subscriptions=()),),
        ),
        clock=lambda: 0.0,
    )
    inlet, outlet = namespace.find(path)
    request = Message(
        application_properties={"operation": f"com.microsoft:{operation}"}, body=value_body(body)
    )
    response = answer(request, Target(inlet=inlet, outlet=outlet, holder="me"))
    return response.properties["statusCode"], response.properties.get("errorCondition")


LOST = {"lock-tokens": Array([uuid.UUID(int=1)])}
NUMBERS = {"sequence-numbers": Array([1]), "receiver-settle-mode": UInt(1)}
LISTING = {"last-updated-time": Timestamp(253402300800000), "skip": 0, "top": 100}


@pytest.mark.parametrize(
    ("path", "operation", "body", "status", "condition"),
    [
        ("q", "conquer", {}, 501, "amqp:not-implemented"),
        ("q", "renew-lock", "no map", 400, "com.microsoft:argument-error"),
        ("q", "renew-lock", {}, 400, "com.microsoft:argument-error"),
        ("q", "renew-lock", {"lock-tokens": ["x"]}, 400, "com.microsoft:argument-error"),
        ("q", "renew-lock", LOST, 410, "com.microsoft:message-lock-lost"),
        ("q", "update-disposition", {"disposition-status": "eaten", **LOST}, 400,
         "com.microsoft:argument-error"),
        ("q", "update-disposition", {"disposition-status": "completed", **LOST}, 410,
         "com.microsoft:message-lock-lost"),
        ("q", "receive-by-sequence-number", NUMBERS, 404, "com.microsoft:message-not-found"),
        ("q", "cancel-scheduled-message", NUMBERS, 404, "com.microsoft:message-not-found"),
        ("q", "peek-message", {"from-sequence-number": 1, "message-count": 5}, 204, None),
        ("t", "peek-message", {}, 400, "com.microsoft:argument-error"),
        ("q/$deadletterqueue", "schedule-message", {}, 400, "com.microsoft:argument-error"),
        ("s", "renew-session-lock", {"session-id": "x"}, 410, "com.microsoft:session-lock-lost"),
        ("s", "get-session-state", {"session-id": "x"}, 410, "com.microsoft:session-lock-lost"),
        ("s", "get-message-sessions", LISTING, 204, None),
    ],
)  # fmt: skip
def test_a_request_that_fails_says_why(
    path: str, operation: str, body: Any, status: int, condition: str | None
) -> None:
    assert ask(path, operation, body) == (status, condition)


def test_a_scheduled_message_without_its_session_is_refused() -> None:
    message = {"message": value_body(None), "message-id": "m"}

    assert ask("s", "schedule-message", {"messages": [message]}) == (400, "amqp:not-allowed")

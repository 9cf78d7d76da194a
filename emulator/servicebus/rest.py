"""Accepts messages over Service Bus's REST interface, as systems without an AMQP client send them.

Documented (Service Bus REST reference, "Send Message"): the path, the bearer token of Entra ID, the
content type, BrokerProperties, other headers as application properties, 201, and 401, 403 and 410
as refusals. Unconfirmed: the texts of refusals, which headers Azure itself leaves out of the
application properties, and whether it keeps their letter case. Here they are in lower case, since
the HTTP server delivers them so.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.amqp.encode import encode
from emulator.amqp.errors import AmqpError
from emulator.amqp.messages import Message, Properties
from emulator.amqp.types import Described, Symbol, ULong
from emulator.servicebus.entries import Post, QueueError
from emulator.servicebus.namespace import Namespace, entity_path

PATH = "/servicebus/{entity:path}/messages"
MAX_BYTES = 256 * 1024
"""Maximum size of a message of the Standard tier, with its headers (Service Bus quotas)."""

DATA = 0x75
"""Descriptor of a section of binary data (AMQP 1.0)."""

OF_HTTP = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "authorization", "brokerproperties"),
        *("connection", "content-length", "content-type", "expect", "host", "user-agent"),
        *("transfer-encoding", "x-ms-retrypolicy"),
    }
)
"""Headers that are no properties of the message."""


def rest_route(namespace: Namespace, is_allowed: Callable[[str | None], bool]) -> Route:
    """`is_allowed` says whether the header Authorization has a token for Service Bus."""

    async def send(request: Request) -> Response:
        if not is_allowed(request.headers.get("authorization")):
            return PlainTextResponse("MalformedToken: a token for Service Bus is needed", 401)
        body = await request.body()
        if len(body) > MAX_BYTES:
            return PlainTextResponse("the message is larger than 256 KiB", 403)
        entity = entity_path(request.path_params["entity"])
        try:
            post = _post(request.headers, body)
            namespace.inlet(entity).send([post])
        except AmqpError:
            return PlainTextResponse(f"there is no queue or topic {entity}", 410)
        except (QueueError, ValueError) as error:
            return PlainTextResponse(str(error), 400)
        return Response(status_code=201)

    return Route(PATH, send, methods=["POST"])


def _post(headers: Mapping[str, str], body: bytes) -> Post:
    """Raises ValueError for broker properties that nobody can read."""
    broker = json.loads(headers.get("brokerproperties") or "{}")
    if not isinstance(broker, dict):
        raise ValueError("BrokerProperties is no JSON object")  # noqa: TRY004 - a bad value
    message_id, session, label = (broker.get(k) for k in ("MessageId", "SessionId", "Label"))
    content_type = headers.get("content-type")
    return Post(
        content=Message(
            properties=Properties(
                message_id=message_id,
                subject=label,
                content_type=None if content_type is None else Symbol(content_type),
                group_id=session,
            ),
            application_properties={
                name: _value(value) for name, value in headers.items() if name not in OF_HTTP
            },
            body=encode(Described(ULong(DATA), body)),
        ),
        message_id=message_id,
        session=session,
        time_to_live=float(broker.get("TimeToLive", "inf")),
        scheduled_at=_scheduled(broker.get("ScheduledEnqueueTimeUtc")),
    )


def _value(text: str) -> Any:
    """Returns the value of a header: text in double quotes, or another JSON value."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str | int | float | bool) else text


def _scheduled(text: str | None) -> float | None:
    return None if text is None else parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()

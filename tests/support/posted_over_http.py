"""Posts onboarding events over HTTP, and takes them from the queue."""

import json
from typing import Any

import httpx

from hasten.api.caller import Role
from hasten.onboard.message import Posted
from hasten.onboard.take import take
from hasten.ports.bus import ONBOARDING_EVENTS, Received
from tests.support.face import Face, bearer
from tests.support.virtual_time import now
from tests.support.world import TOTAL, World, user

STRUCTURED = "application/cloudevents+json"


BATCH = "application/cloudevents-batch+json"


def event(number: int = 1, **changed: Any) -> dict[str, Any]:
    found = {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "/hr",
        "type": "hasten.provision.v1",
        "time": now().isoformat(),
        "data": {"target": TOTAL, "users": [{"id": user(number)}]},
        **changed,
    }
    return {name: value for name, value in found.items() if value is not None}


def binary(**changed: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "event-1",
        "ce-source": "/hr",
        "ce-type": "hasten.provision.v1",
        "ce-time": now().isoformat(),
        **changed,
    }


async def posted(
    face: Face, content: Any, headers: dict[str, str] | str = STRUCTURED
) -> httpx.Response:
    given = {"Content-Type": headers} if isinstance(headers, str) else headers
    body = content if isinstance(content, bytes) else json.dumps(content)
    return await face.http.post(
        "/api/v1/events", content=body, headers={**bearer(Role.SEND), **given}
    )


def queued(world: World) -> list[Any]:
    return world.bus.of(ONBOARDING_EVENTS)


async def taken(world: World) -> list[str]:
    """Takes what is queued as the function of the queue does. Returns the rejections."""
    for message in queued(world):
        received = Received(
            queue=ONBOARDING_EVENTS,
            body=message.raw,
            content_type=message.content_type,
            message_id=message.message_id,
            properties=message.properties,
        )
        await take(world.context, Posted.of(received))
    return world.results("event")

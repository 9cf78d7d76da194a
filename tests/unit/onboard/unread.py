"""People and groups of whom Graph gives no usable answer, and the part of an event that waits."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hasten.errors import TemporaryError
from hasten.onboard.message import TRIES
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from tests.support.posting import Posting

ODD = {"employeeId": "E3"}
"""Person 3, as an event names them whose lookup fails."""

UNREAD = TemporaryError("the body is no JSON", timedelta(seconds=5))


def spoil(world: Posting, method: str, name: str, error: Exception) -> Callable[[], None]:
    """Fails each read of `method` that names this. Returns what mends it."""
    whole = getattr(world.directory, method)

    async def spoiled(*given: Any, **named: Any) -> Any:
        if name in (*given, *named.values()):
            raise error
        return await whole(*given, **named)

    setattr(world.directory, method, spoiled)
    return lambda: setattr(world.directory, method, whole)


async def posting(**how: Any) -> Posting:
    world = Posting(**how)
    await world.is_discovered()
    return world


def parts(world: Posting) -> list[Message]:
    return [m for m in world.bus.of(ONBOARDING_EVENTS) if m.properties.get(TRIES, "0") != "0"]


def data_of(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(message.raw or b"")["data"]
    return data

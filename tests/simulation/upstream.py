"""What upstream systems post on Service Bus: events about people and groups."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from hasten.events.envelope import STRUCTURED
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from tests.simulation.bus import SimulatedBus
from tests.support.virtual_time import now

ONBOARD = "hasten.user.onboard.v1"
OFFBOARD = "hasten.user.offboard.v1"
ENSURE_GROUP = "hasten.group.ensure.v1"
PROVISION = "hasten.provision.v1"
SOURCE = "/hr"


class Upstream:
    """Posts about the target TOTAL. Only what the hosts send fails, not what others post."""

    def __init__(self, bus: SimulatedBus) -> None:
        self._bus = bus
        self._events = count(1)
        self._messages = count(1)

    async def post(self, kind: str, /, time: datetime | None = None, **data: Any) -> bytes:
        """What was posted: `data` with the target TOTAL unless it names one."""
        body = self.event(kind, time, **data)
        await self.post_raw(body)
        return body

    def event(self, kind: str, /, time: datetime | None = None, **data: Any) -> bytes:
        """The same, not posted yet."""
        event = {
            "specversion": "1.0",
            "id": f"event-{next(self._events)}",
            "source": SOURCE,
            "type": kind,
            "time": (time or now()).isoformat(),
            "data": {"target": "TOTAL", **data},
        }
        return json.dumps(event).encode()

    async def post_raw(self, body: bytes, properties: Mapping[str, str] | None = None) -> None:
        message = Message(
            raw=body,
            message_id=f"posted-{next(self._messages)}",
            content_type=STRUCTURED,
            properties=properties or {},
        )
        await self._bus.send(ONBOARDING_EVENTS, [message])

"""Events whose date lies ahead: how tests post them, and what they see of them."""

from typing import Any

from hasten.operate.scheduled import Scheduled, scheduled
from hasten.ports.bus import ONBOARDING_EVENTS
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, Posting, at, event, ref
from tests.support.world import TOTAL

WHY = {"by": "an operator", "reason": "the contract was cancelled"}

DATED: dict[str, tuple[str, dict[str, Any]]] = {
    "a start": ("a", {"group": GROUP, "startAt": 3600}),
    "a start with an end": ("a", {"group": GROUP, "startAt": 3600, "endAt": 7200}),
    "an end": ("a:end", {"group": GROUP, "endAt": 3600}),
    "a last day": ("a", {"kind": OFFBOARD, "group": None, "groups": [GROUP], "endAt": 3600}),
}


class World(Posting):
    def __init__(self) -> None:
        super().__init__(keeps_agenda=True)

    async def ahead(self, *users: str) -> list[Scheduled]:
        return await scheduled(self.context, targets=[TOTAL], users=users)

    async def comes(self) -> None:
        """Handles what was posted, and forgets it."""
        posted = self.bus.of(ONBOARDING_EVENTS)
        self.bus.sent = [one for one in self.bus.sent if one[0] != ONBOARDING_EVENTS]
        for message in posted:
            if message.raw is not None:
                await self.receives(message)


def made(spec: dict[str, Any], event_id: str, age: float) -> dict[str, Any]:
    fields: dict[str, Any] = {"group": GROUP, **spec}
    kind = fields.pop("kind", None)
    times: dict[str, Any] = {k: at(fields.pop(k)) for k in ("startAt", "endAt") if k in fields}
    fields = {**fields, **times}
    fields = {name: value for name, value in fields.items() if value is not None}
    return event(kind or ONBOARD, users=[ref(1)], event_id=event_id, age=age, **fields)

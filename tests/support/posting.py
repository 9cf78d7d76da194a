"""A world into which upstream systems post events."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hasten.domain.intents import Intent, Wanted
from hasten.onboard.message import SECOND_LOOK, Posted
from hasten.onboard.take import take
from hasten.ports.bus import (
    ENSURE,
    ONBOARDING_EVENTS,
    ONBOARDING_REJECTED,
    PROVISIONING_OUTCOMES,
    Message,
)
from hasten.targets import Target
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import now
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

UPN = "person{}@contoso.example"
PEOPLE = 30
GROUP = {"name": "TOTAL-Engineering"}
"""As an event names the watched group."""

ONBOARD = "hasten.user.onboard.v1"
OFFBOARD = "hasten.user.offboard.v1"
ENSURE_GROUP = "hasten.group.ensure.v1"
PROVISION = "hasten.provision.v1"


def total(**changes: Any) -> Target:
    """Events may touch Engineering and any Team-…, but not the administrators."""
    groups = [
        {"name": "TOTAL-Engineering"},
        {"name": "TOTAL-Admin", "admin": True},
        {"name": "Team-*", "create": {}},
        {"name": "Found-*"},
    ]
    return Target.model_validate(
        {"name": TOTAL, "display_name": TOTAL, "groups": groups, **changes}, strict=False
    )


def ref(number: int) -> dict[str, str]:
    return {"id": user(number)}


def at(seconds: float) -> str:
    return (now() + timedelta(seconds=seconds)).isoformat()


def event(
    kind: str = ONBOARD, *, event_id: str = "1", age: float = 0, time: str = "", **data: Any
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/hr",
        "type": kind,
        "time": time or at(-age),
        "data": {"target": TOTAL, **data},
    }


@dataclass
class Posting(Onboarding):
    def __post_init__(self) -> None:
        if not self.target.groups:
            self.target = total()
        super().__post_init__()
        self.directory.has_group(ENGINEERING, "TOTAL-Engineering")
        self.directory.has_group(ADMIN, "TOTAL-Admin")
        for number in range(1, PEOPLE + 1):
            self.directory.has_user(
                user(number),
                upn=UPN.format(number),
                mail=f"mail{number}@contoso.example",
                employee_id=f"E{number}",
            )

    async def posts(self, given: Mapping[str, Any] | bytes, **how: Any) -> None:
        await self.adopts()
        body = given if isinstance(given, bytes) else json.dumps(given).encode()
        await take(
            self.context,
            Posted.parse(
                body=body,
                content_type=how.get("content_type", "application/json"),
                message_id=how.get("message_id", "posted-1"),
                properties=how.get("properties"),
            ),
        )

    async def receives(self, message: Message) -> None:
        """Returns a message that Hasten sent to itself."""
        await self.posts(
            message.raw or b"",
            content_type=message.content_type,
            message_id=message.message_id,
            properties=dict(message.properties),
        )

    def sent_on(self) -> list[Message]:
        """Without second looks."""
        return [m for m in self.bus.of(ONBOARDING_EVENTS) if SECOND_LOOK not in m.properties]

    async def looks_again(self) -> None:
        """At the time of the second looks at events that named no group."""
        looks = [m for m in self.bus.of(ONBOARDING_EVENTS) if SECOND_LOOK in m.properties]
        for message in looks:
            await asyncio.sleep(max(0.0, ((message.at or now()) - now()).total_seconds()))
            await self.receives(message)

    def parked(self) -> list[Message]:
        return self.bus.of(ONBOARDING_REJECTED)

    def parked_events(self) -> list[dict[str, Any]]:
        return [json.loads(message.raw or b"") for message in self.parked()]

    def faults(self) -> list[dict[str, str]]:
        return [f for m in self.parked() for f in json.loads(m.properties["fields"])]

    def outcomes(self) -> list[Mapping[str, Any]]:
        return [m.body["data"] for m in self.bus.of(PROVISIONING_OUTCOMES)]

    def outcome_results(self) -> list[str]:
        """Returns the result of each published outcome."""
        return [outcome["result"] for outcome in self.outcomes()]

    def ensured(self) -> list[datetime | None]:
        return [message.at for message in self.bus.of(ENSURE)]

    async def wanted(self, group: str, number: int) -> Wanted | None:
        """Returns the intent about the membership, or, if there is none, the intent to provision
        the membership as it is."""
        intent = await self.intent(group, number)
        intent = intent or await self.intents.find(TOTAL, group, user(number), in_step=True)
        return intent.wanted if intent else None

    async def intent(self, group: str, number: int) -> Intent | None:
        return await self.intents.find(TOTAL, group, user(number))

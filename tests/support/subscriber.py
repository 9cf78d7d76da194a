"""A world that watches groups and subscribes to them."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_values import ListedSubscriptions
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.targets import Target
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE, FakeDirectory
from tests.support.world import TOTAL, World

URL = "https://hasten.example/api/graph/notifications"
LIFECYCLE_URL = "https://hasten.example/api/graph/lifecycle"
ROTATED = "another client state secret of them"


def group(number: int) -> str:
    return f"0000bbbb-0000-4000-8000-{number:012}"


ONE, TWO, THREE = group(1), group(2), group(3)


@dataclass
class Subscriber(World):
    """Its target does not have its people watched, so that groups alone are subscribed to."""

    target: Target = field(
        default_factory=lambda: Target(name=TOTAL, display_name=TOTAL, users=False)
    )

    async def watches(self, *groups: str) -> None:
        found = DiscoveredTarget(
            target=self.target.name,
            service_principal=SERVICE_PRINCIPAL,
            job=JOB,
            user_rule=USER_RULE,
            group_rule=GROUP_RULE,
            groups=groups,
        )
        await discovered.save(
            self.store, found, over=await discovered.load(self.store, found.target)
        )


def resources(world: Subscriber) -> list[str]:
    return sorted(made["resource"] for made in world.directory.subscribed)


def looked_at(world: Subscriber) -> list[str]:
    return sorted(message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES))


async def passed(time: timedelta) -> None:
    await asyncio.sleep(time.total_seconds())


@dataclass
class Lagging(FakeDirectory):
    """Answers the next lists from a replica that lags behind."""

    stale: list[list[dict[str, str]]] = field(default_factory=list)

    async def subscriptions(self) -> ListedSubscriptions:
        if self.stale:
            return ListedSubscriptions(self.stale.pop(0))
        return await super().subscriptions()

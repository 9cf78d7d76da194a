"""A world that watches groups and subscribes to them."""

from dataclasses import dataclass

from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE
from tests.support.world import World

URL = "https://hasten.example/api/graph/notifications"
LIFECYCLE_URL = "https://hasten.example/api/graph/lifecycle"


def group(number: int) -> str:
    return f"0000bbbb-0000-4000-8000-{number:012}"


@dataclass
class Subscriber(World):
    async def watches(self, *groups: str) -> None:
        found = DiscoveredTarget(
            target=self.target.name,
            service_principal=SERVICE_PRINCIPAL,
            job=JOB,
            user_rule=USER_RULE,
            group_rule=GROUP_RULE,
            groups=groups,
        )
        await discovered.save(self.store, found)

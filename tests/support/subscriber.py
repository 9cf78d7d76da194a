"""The services around subscriptions and reconcile, wired to fakes."""

from dataclasses import dataclass

from hasten.records import discovered as registry
from hasten.records.discovered import Found
from hasten.watch.lifecycle import Attending
from hasten.watch.reconcile import Reconciling
from hasten.watch.renew import Renewing
from hasten.watch.subscriptions import Subscribing
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE
from tests.support.virtual_time import now
from tests.support.world import World

URL = "https://hasten.example/api/graph/notifications"
LIFECYCLE_URL = "https://hasten.example/api/graph/lifecycle"


def group(number: int) -> str:
    return f"0000bbbb-0000-4000-8000-{number:012}"


@dataclass
class Subscriber(World):
    url: str = URL
    client_state: str = "state"

    @property
    def renewing(self) -> Renewing:
        return Renewing(
            directory=self.directory, store=self.store, emit=self.events.append, now=now
        )

    @property
    def subscribing(self) -> Subscribing:
        return Subscribing(
            directory=self.directory,
            store=self.store,
            renewing=self.renewing,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
            url=self.url,
            lifecycle_url=LIFECYCLE_URL,
            client_state=self.client_state,
        )

    @property
    def attending(self) -> Attending:
        return Attending(
            store=self.store,
            subscribing=self.subscribing,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
        )

    @property
    def reconciling(self) -> Reconciling:
        return Reconciling(
            directory=self.directory,
            store=self.store,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
        )

    async def watches(self, *groups: str) -> None:
        found = Found(
            target=self.target.name,
            service_principal=SERVICE_PRINCIPAL,
            job=JOB,
            user_rule=USER_RULE,
            group_rule=GROUP_RULE,
            groups=groups,
        )
        await registry.save(self.store, found)

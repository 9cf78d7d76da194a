"""A world whose ports are fakes, on virtual time. The production wiring builds the flows on
them."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime

from hasten import settings
from hasten.context import Context
from hasten.destinations import Destination
from hasten.domain.changes import Action, Change
from hasten.ports.application import Application
from hasten.ports.store import Store
from hasten.ports.telemetry import Event
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.records.history import History
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.scim import Scim
from hasten.settings import Settings
from hasten.targets import Target
from tests.fakes.application import FakeApplication
from tests.fakes.bus import FakeBus
from tests.fakes.dead_letters import FakeParkedMessages
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE, FakeDirectory
from tests.fakes.memory_store import MemoryStore
from tests.fakes.notifier import FakeNotifier
from tests.fakes.receiver import FakeReceiver
from tests.fakes.sign_in import API_CLIENT_ID, TENANT, FakeSignIn
from tests.support.virtual_time import now

TOTAL = "TOTAL"
ENGINEERING = "0000bbbb-0000-4000-8000-000000000001"
ADMIN = "0000bbbb-0000-4000-8000-000000000002"


def user(number: int) -> str:
    return f"0000cccc-0000-4000-8000-{number:012}"


@dataclass
class World:
    target: Target = field(default_factory=lambda: Target(name=TOTAL, display_name=TOTAL))
    store: Store = field(default_factory=MemoryStore)
    bus: FakeBus = field(default_factory=FakeBus)
    directory: FakeDirectory = field(
        default_factory=lambda: FakeDirectory(groups=[ENGINEERING, ADMIN])
    )
    app: FakeApplication = field(default_factory=FakeApplication)
    events: list[Event] = field(default_factory=list)
    secret: str = "a client state secret of the tests"
    public_url: str = "https://hasten.example"
    receiver: FakeReceiver = field(default_factory=FakeReceiver)
    parked_messages: FakeParkedMessages = field(default_factory=FakeParkedMessages)
    sign_in: FakeSignIn = field(default_factory=FakeSignIn)
    api_client_id: str = API_CLIENT_ID
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    destinations: tuple[Destination, ...] = ()
    keeps_agenda: bool = False
    """The store keeps no messages for later, so that tests see them on the fake bus."""

    def __post_init__(self) -> None:
        self._ids = itertools.count()
        self.ledger = Ledger(self.store)
        self.outbox = Outbox(self.store, self.bus, History(self.store, self.now))

    def now(self) -> datetime:
        return now()

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    def jitter(self) -> float:
        return 1.0

    def application(self, scim: Scim) -> Application:
        return self.app

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def context(self) -> Context:
        """Returns the context of a process that starts now."""
        settings = _settings(self.secret, self.public_url, self.api_client_id)
        return Context(
            settings,
            (self.target,),
            self,
            keeps_agenda=self.keeps_agenda,
            destinations=self.destinations,
        )

    async def is_discovered(self, *more: str) -> None:
        """With the two groups and `more`."""
        found = DiscoveredTarget(
            target=self.target.name,
            service_principal=SERVICE_PRINCIPAL,
            job=JOB,
            user_rule=USER_RULE,
            group_rule=GROUP_RULE,
            groups=(ENGINEERING, ADMIN, *more),
        )
        await discovered.save(
            self.store, found, over=await discovered.load(self.store, found.target)
        )

    async def joined(self, group: str, *users: str, origin: int = 1) -> None:
        """Returns changes for users who joined `group`, as a look has just found them."""
        self.directory.join(group, *users)
        await self.ledger.record([found(group, u, Action.ADDED, origin) for u in users])

    async def left(self, group: str, *users: str, origin: int = 2) -> None:
        self.directory.leave(group, *users)
        await self.ledger.record([found(group, u, Action.REMOVED, origin) for u in users])

    async def row(self, group: str, user: str) -> Change:
        change = await self.ledger.find(self.target.name, group, user)
        assert change is not None
        return change

    def results(self, name: str) -> list[str]:
        return [event.result for event in self.events if event.name == name]


def _settings(secret: str, public_url: str, api_client_id: str) -> Settings:
    return settings.load(
        {
            "HASTEN_TENANT_ID": TENANT,
            "HASTEN_CLIENT_STATE_SECRET": secret,
            "HASTEN_PUBLIC_URL": public_url,
            "HASTEN_STORE": "memory",
            "ServiceBusConnection": "fake",
            "HASTEN_API_CLIENT_ID": api_client_id,
        }
    )


def found(group: str, user: str, action: Action, origin: int) -> Change:
    at: datetime = now()
    return Change(
        target=TOTAL,
        group=group,
        user=user,
        action=action,
        origin=origin,
        noticed_at=at,
        found_at=at,
        seen_at=at,
        due_at=at,
    )

"""The services wired to fakes, on virtual time."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.domain.changes import Action, Change
from hasten.ports.store import Store
from hasten.ports.telemetry import Event
from hasten.provision.drain import Draining
from hasten.provision.verify import Verifying
from hasten.records import discovered as registry
from hasten.records.discovered import Found
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.records.people import People
from hasten.records.retention import Tidying
from hasten.targets import Target
from hasten.watch.admit import Recording
from hasten.watch.assignments import Assigning
from hasten.watch.brake import Braking
from hasten.watch.look import Looking
from hasten.watch.sweep import Watching
from tests.fakes.bus import FakeBus
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE, FakeDirectory
from tests.fakes.memory_store import MemoryStore
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
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = itertools.count()
        self.ledger = Ledger(self.store)
        self.outbox = Outbox(self.store, self.bus)

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    @property
    def watching(self) -> Watching:
        return Watching(
            directory=self.directory,
            store=self.store,
            assigning=self.assigning,
            targets=[self.target],
            emit=self.events.append,
            now=now,
        )

    @property
    def assigning(self) -> Assigning:
        return Assigning(
            directory=self.directory,
            store=self.store,
            ledger=self.ledger,
            recording=self.recording,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
        )

    @property
    def verifying(self) -> Verifying:
        return Verifying(
            directory=self.directory,
            store=self.store,
            ledger=self.ledger,
            outbox=self.outbox,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
            backoff=_backoff,
        )

    @property
    def tidying(self) -> Tidying:
        return Tidying(
            store=self.store,
            ledger=self.ledger,
            intents=Intents(self.store),
            people=People(self.store),
            emit=self.events.append,
            now=now,
        )

    @property
    def recording(self) -> Recording:
        return Recording(
            braking=Braking(
                directory=self.directory,
                store=self.store,
                outbox=self.outbox,
                emit=self.events.append,
                now=now,
            ),
            ledger=self.ledger,
            targets={self.target.name: self.target},
            emit=self.events.append,
            now=now,
        )

    @property
    def looking(self) -> Looking:
        return Looking(
            directory=self.directory,
            store=self.store,
            ledger=self.ledger,
            recording=self.recording,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
        )

    @property
    def draining(self) -> Draining:
        return Draining(
            directory=self.directory,
            store=self.store,
            ledger=self.ledger,
            outbox=self.outbox,
            bus=self.bus,
            watching=self.watching,
            targets={self.target.name: self.target},
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
            backoff=_backoff,
        )

    async def is_discovered(self) -> None:
        found = Found(
            target=self.target.name,
            service_principal=SERVICE_PRINCIPAL,
            job=JOB,
            user_rule=USER_RULE,
            group_rule=GROUP_RULE,
            groups=(ENGINEERING, ADMIN),
        )
        await registry.save(self.store, found)

    async def joined(self, group: str, *users: str, origin: int = 1) -> None:
        """Users who joined `group`, found by a look just now."""
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


def _backoff(attempt: int) -> timedelta:
    return timedelta(seconds=5 * attempt)


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

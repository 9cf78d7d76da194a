"""Groups what every flow receives: ports, settings, targets and records."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

from hasten.backoff import backoff
from hasten.destinations import Destination
from hasten.domain.settlement import Backoff
from hasten.domain.shared_pace import LimitScope
from hasten.messages import Retriable
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.dead_letters import ParkedMessages
from hasten.ports.directory import Directory
from hasten.ports.ports import Ports
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit
from hasten.records.agenda import Agenda
from hasten.records.arrivals import ArrivalNotes
from hasten.records.history import History
from hasten.records.history_seals import Seals
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.records.people import People
from hasten.records.roster import Roster
from hasten.records.signs import Signs
from hasten.settings import Settings
from hasten.single_flight import SingleFlight
from hasten.targets import Target
from hasten.targets_file import HISTORY_DAYS, TargetsFile

if TYPE_CHECKING:
    from hasten.records.lease import Lease
    from hasten.records.lease_record import WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRead:
    """`route` is that of the discovered target; `jobs` are the ids of all its jobs."""

    at: datetime
    route: tuple[str, str, str | None, str | None]
    jobs: frozenset[str]


PROCESS_CHARS = 8


class Context:
    """The context of one process. A port that is slow to create is created on first use."""

    def __init__(
        self,
        settings: Settings,
        targets: tuple[Target, ...],
        ports: Ports,
        *,
        limit_scope: LimitScope = LimitScope.AUTO,
        history_days: int = HISTORY_DAYS,
        destinations: tuple[Destination, ...] = (),
        keeps_agenda: bool = True,
    ) -> None:
        """`keeps_agenda`: the store keeps messages for later, whatever the bus can do."""
        self.settings = settings
        self._limit_scope = limit_scope
        self.destinations = destinations
        self._keeps_agenda = keeps_agenda
        self.history_days = history_days
        self.targets = {target.name: target for target in targets}
        self.ports = ports
        self._directory: Directory | None = None
        self.process = ports.new_id()[:PROCESS_CHARS]
        """Names this process in what it stores, and thereby the clock that it goes by."""

        self.looks = SingleFlight()
        """Reads one group at a time: looks that wait for a read share its result."""

        self.held_noted: dict[str, frozenset[str]] = {}
        """Held changes, by target, that this process has written to the history."""

        self.policies_noted = False
        """True once this process has compared targets.yaml with the history."""

        self.looks_waiting = 0
        """Number of looks that wait for the end of their bucket."""

        self.routes: dict[str, RouteRead] = {}
        """The time, by target, at which this process last read how the target is provisioned."""

        self.hidden_groups: dict[str, bool] = {}
        """Whether the membership of a group is hidden, as far as this process has read it."""

        self.holding: dict[tuple[str, WorkKind], Lease] = {}
        """The leases of this process, by target: a wake that leaves a mark is noticed at once."""

    @classmethod
    def of(cls, settings: Settings, file: TargetsFile, ports: Ports) -> Self:
        """Returns the context of a process that has read targets.yaml."""
        return cls(
            settings,
            file.targets,
            ports,
            limit_scope=file.limit_scope,
            history_days=file.history_days,
            destinations=file.destinations,
        )

    @property
    def now(self) -> Now:
        return self.ports.now

    @property
    def new_id(self) -> NewId:
        return self.ports.new_id

    @property
    def emit(self) -> Emit:
        return self.ports.emit

    @property
    def store(self) -> Store:
        return self.ports.store

    @property
    def bus(self) -> Bus:
        return self.agenda if self._keeps_agenda else self.ports.bus

    @property
    def directory(self) -> Directory:
        return self._directory or self.ports.directory

    @property
    def parked_messages(self) -> ParkedMessages:
        return self.ports.parked_messages

    def through(self, directory: Directory) -> "Context":
        """Returns the same context with another way to Microsoft Graph."""
        other = copy(self)
        other._directory = directory  # noqa: SLF001 - our own
        return other

    async def send(self, message: Retriable, at: datetime | None = None) -> None:
        """Sends a message that Hasten itself will receive, now or `at` a time. Raises
        TemporaryError and PermanentError of Service Bus and of the store."""
        await self.bus.send(message.queue, [message.message(self.new_id(), at)])

    @property
    def pages_url(self) -> str:
        """Returns the address of the pages, "" where they are closed."""
        settings = self.settings
        return f"{settings.origin}/api/ui" if settings.api_client_id is not None else ""

    @property
    def watches_people(self) -> bool:
        """Returns whether Hasten watches the people of any target."""
        return any(target.users for target in self.targets.values())

    def others_that_act(self, target: str) -> frozenset[str]:
        """Returns the names of the other targets for which Hasten makes calls."""
        return frozenset(n for n, t in self.targets.items() if n != target and not t.observes)

    def limit_scope_of(self, target: str) -> LimitScope:
        """Returns the configured scope; TARGET if there is no other target to share the limit."""
        return self._limit_scope if self.others_that_act(target) else LimitScope.TARGET

    @cached_property
    def backoff(self) -> Backoff:
        return backoff(self.ports.jitter)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.store)

    @cached_property
    def intents(self) -> Intents:
        return Intents(self.store)

    @cached_property
    def people(self) -> People:
        return People(self.store)

    @cached_property
    def roster(self) -> Roster:
        return Roster(self.store)

    @cached_property
    def signs(self) -> Signs:
        return Signs(self.store, self.now)

    @cached_property
    def arrivals(self) -> ArrivalNotes:
        return ArrivalNotes(self.store, self.now)

    @cached_property
    def agenda(self) -> Agenda:
        return Agenda(self.store, self.ports.bus, self.now)

    @cached_property
    def history(self) -> History:
        return History(self.store, self.now)

    @cached_property
    def seals(self) -> Seals:
        return Seals(self.store)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.store, self.bus, self.history)

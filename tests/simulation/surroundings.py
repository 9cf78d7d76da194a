"""What all hosts share, and what is written down about them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import httpx

from emulator.functions.behaviours import HostBehaviours
from hasten.domain.shared_pace import LimitScope
from hasten.ports.clock import NewId
from hasten.ports.store import Store
from hasten.ports.telemetry import Event
from hasten.settings import Settings
from hasten.targets import Target
from hasten.targets_file import HISTORY_DAYS
from tests.simulation.bus import SimulatedBus
from tests.simulation.faults import Faults
from tests.simulation.owners import Owner
from tests.support.virtual_time import now


@dataclass(kw_only=True)
class Surroundings:
    """A host that starts reads the settings anew."""

    settings: Settings
    targets: tuple[Target, ...]
    store: Store
    bus: SimulatedBus
    graph: httpx.AsyncBaseTransport
    token: str
    random: Random
    new_id: NewId
    faults: Faults
    luck: Random
    """Decides which slots stall. Its own, so that no other draw depends on the host's ways."""
    outside: Owner
    """Of what outlives a host."""
    scim: httpx.AsyncBaseTransport
    """To the app itself."""
    behaviours: HostBehaviours = field(default_factory=HostBehaviours)
    limit_scope: LimitScope = LimitScope.AUTO
    history_days: int = HISTORY_DAYS
    lines: list[str] = field(default_factory=list)
    """What was logged."""
    events: list[tuple[datetime, Event]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    """Exceptions that left a function: Service Bus delivers the message again."""
    traffic: Counter[str] = field(default_factory=Counter)
    """Calls of all hosts to the world, by name (see Lifeline)."""
    runs: Counter[str] = field(default_factory=Counter)
    """Runs of functions, by name."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Virtual seconds of these runs."""

    def ran(self, name: str, seconds: float) -> None:
        self.runs[name] += 1
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def emit(self, event: Event) -> None:
        line = {"event": event.name, "result": event.result, **event.fields}
        self.lines.append(json.dumps(line))
        self.events.append((now(), event))
